package sync

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Bounds of what a message may claim; protocol constants, see
// docs/PROTOCOL.md.
const (
	MaxHashes = 10_000 // heads, need, and lastSync of each have
	MaxHaves  = 32
)

const (
	typeV1 = 0x42
	typeV2 = 0x43 // changes come as one blob of chunks
)

// What a message's trailer may say: bits, in those of its bytes that have the
// highest bit set; the other bytes stand for what the sender understands.
const (
	FlagReset         Flags = 1 // the sender forgot what it knew of us
	FlagReadOnly      Flags = 2 // the sender takes no changes
	FlagSupportsReset Flags = 4

	// FlagV2: the sender understands version 2. Only Automerge's own
	// implementations say so; we never do.
	FlagV2 Flags = 1 << 7

	flagByte = 0x80
	v2Byte   = 0x02
)

// Flags are what a message's trailer says of its sender.
type Flags byte

// ErrMessage is returned for bytes that are not a sync message, or that break
// a limit.
var ErrMessage = errors.New("sync: not a sync message")

// Message is one message of the protocol.
type Message struct {
	Heads   []change.Hash // of the sender
	Need    []change.Hash // what it asks for
	Have    []Have
	Changes [][]byte // chunks; in a V2 message each may hold several
	// Flags of the trailer. We read it and never write one, so that others
	// send us single change chunks.
	Flags Flags
}

// Have summarises the changes that a sender has.
type Have struct {
	LastSync []change.Hash // all of these and their ancestors, and
	Bloom    Bloom         // these
}

// Decode reads a message. Its chunks alias data; they are not yet checked.
func Decode(data []byte) (*Message, error) {
	d := decoder{rest: data}
	kind := d.byte()
	if d.err == nil && kind != typeV1 && kind != typeV2 {
		return nil, fmt.Errorf("%w: type %#x", ErrMessage, kind)
	}
	m := &Message{Heads: d.hashes("heads"), Need: d.hashes("need")}
	for n := d.count("haves", MaxHaves); n > 0 && d.err == nil; n-- {
		m.Have = append(m.Have, Have{LastSync: d.hashes("lastSync"), Bloom: d.bloom()})
	}
	// Every change takes at least a byte, so the data bounds their count.
	for n := d.count("changes", uint64(len(d.rest))); n > 0 && d.err == nil; n-- {
		m.Changes = append(m.Changes, d.bytes())
	}
	if d.err == nil && len(d.rest) > 0 {
		for _, b := range d.bytes() {
			switch {
			case b&flagByte != 0:
				m.Flags |= Flags(b) & (FlagReset | FlagReadOnly | FlagSupportsReset)
			case b == v2Byte:
				m.Flags |= FlagV2
			}
		}
	}
	if d.err != nil {
		return nil, d.err
	}
	return m, nil
}

// Append encodes the message, version 1, without a trailer.
func (m *Message) Append(dst []byte) []byte {
	dst = m.AppendHeader(dst, len(m.Changes))
	for _, c := range m.Changes {
		dst = AppendChange(dst, c)
	}
	return dst
}

// AppendHeader encodes all but the changes, of which the given number must
// follow by AppendChange.
func (m *Message) AppendHeader(dst []byte, changes int) []byte {
	dst = append(dst, typeV1)
	dst = appendHashes(dst, m.Heads)
	dst = appendHashes(dst, m.Need)
	dst = binary.AppendUvarint(dst, uint64(len(m.Have)))
	for _, have := range m.Have {
		dst = appendHashes(dst, have.LastSync)
		bloom := have.Bloom.Append(nil)
		dst = binary.AppendUvarint(dst, uint64(len(bloom)))
		dst = append(dst, bloom...)
	}
	return binary.AppendUvarint(dst, uint64(changes))
}

// AppendChange encodes one change of a message.
func AppendChange(dst, chunk []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(chunk)))
	return append(dst, chunk...)
}

func appendHashes(dst []byte, hashes []change.Hash) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(hashes)))
	for i := range hashes {
		dst = append(dst, hashes[i][:]...)
	}
	return dst
}

// decoder reads from the front of rest; after the first error it reads zeros.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrMessage, fmt.Sprintf(format, args...))
	}
	d.rest = nil
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail("it ends early")
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail("bad number")
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) count(what string, limit uint64) uint64 {
	n := d.uvarint()
	if n > limit {
		d.fail("%d %s, at most %d", n, what, limit)
		return 0
	}
	return n
}

func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.fail("it ends early")
		return nil
	}
	taken := d.rest[:n:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) bytes() []byte { return d.take(d.uvarint()) }

func (d *decoder) hashes(what string) []change.Hash {
	n := d.count(what, MaxHashes)
	raw := d.take(n * change.HashSize)
	if len(raw) == 0 {
		return nil
	}
	hashes := make([]change.Hash, n)
	for i := range hashes {
		hashes[i] = change.Hash(raw[i*change.HashSize:])
	}
	return hashes
}

func (d *decoder) bloom() Bloom {
	raw := d.bytes()
	if d.err != nil {
		return Bloom{}
	}
	bloom, err := decodeBloom(raw)
	if err != nil {
		d.fail("%v", err)
	}
	return bloom
}
