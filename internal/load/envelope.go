package load

import (
	"bytes"
	"encoding/binary"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/wire"
)

// envelope makes the frames of sync messages about one document. They differ
// only in their data, which comes last.
type envelope struct{ request, sync []byte }

func newEnvelope(sender, target string, id docid.ID) envelope {
	m := wire.Sync{SenderID: sender, TargetID: target, Document: id}
	e := envelope{sync: wire.AppendSync(nil, m, 0)}
	m.Request = true
	e.request = wire.AppendSync(nil, m, 0)
	return e
}

// seal returns the parts of a frame before its data.
func (e *envelope) seal(dst []byte, request bool, size int) []byte {
	head := e.sync
	if request {
		head = e.request
	}
	return appendBytesHead(append(dst, head[:len(head)-1]...), size)
}

// appendBytesHead writes the head of a CBOR byte string (RFC 8949, section 3).
func appendBytesHead(dst []byte, size int) []byte {
	const bytesOf1, bytesOf2, bytesOf4 = 0x58, 0x59, 0x5a
	switch {
	case size < 24:
		return append(dst, 0x40|byte(size))
	case size < 1<<8:
		return append(dst, bytesOf1, byte(size))
	case size < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, bytesOf2), uint16(size))
	default:
		return binary.BigEndian.AppendUint32(append(dst, bytesOf4), uint32(size))
	}
}

// opener reads frames like the one before without decoding them: the same
// bytes before and after the data, and a data head that fits between them.
type opener struct{ before, after []byte }

// learn remembers what surrounds the data of a decoded frame.
func (o *opener) learn(frame, data []byte) {
	at := bytes.Index(frame, data)
	head := len(appendBytesHead(nil, len(data)))
	if at < head || !bytes.Equal(frame[at-head:at], appendBytesHead(nil, len(data))) {
		return
	}
	o.before = bytes.Clone(frame[:at-head])
	o.after = bytes.Clone(frame[at+len(data):])
}

// open returns the data of a frame that is like the learnt one.
func (o *opener) open(frame []byte) ([]byte, bool) {
	if o.before == nil || !bytes.HasPrefix(frame, o.before) || !bytes.HasSuffix(frame, o.after) {
		return nil, false
	}
	size, data := splitBytes(frame[len(o.before):])
	end := len(data) - len(o.after)
	return data[:max(end, 0)], end > 0 && size == end
}

// splitBytes reads the head of a CBOR byte string; -1 if there is none.
func splitBytes(b []byte) (size int, rest []byte) {
	switch {
	case len(b) > 0 && b[0] >= 0x40 && b[0] < 0x58:
		return int(b[0] - 0x40), b[1:]
	case len(b) > 1 && b[0] == 0x58:
		return int(b[1]), b[2:]
	case len(b) > 2 && b[0] == 0x59:
		return int(binary.BigEndian.Uint16(b[1:])), b[3:]
	case len(b) > 4 && b[0] == 0x5a:
		return int(binary.BigEndian.Uint32(b[1:])), b[5:]
	default:
		return -1, nil
	}
}
