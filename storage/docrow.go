package storage

import (
	"encoding/binary"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// document is a document's row.
type document struct {
	born    Seq // of its first journal row in this life; zero if that isn't known
	changes int
	bytes   int64
	last    Seq
	heads   []change.Hash // ascending
	spill   stageID       // where the heads are, if the row has no room for them
}

func (d *document) seal(key []byte) []byte { return sealAs(lifeVersion, key, d.encode()) }

func (d *document) encode() []byte {
	body := make([]byte, 0, 5*binary.MaxVarintLen64+len(d.heads)*change.HashSize)
	body = binary.AppendUvarint(body, uint64(d.born))
	body = binary.AppendUvarint(body, uint64(d.changes))
	body = binary.AppendUvarint(body, uint64(d.bytes))
	body = binary.AppendUvarint(body, uint64(d.last))
	body = binary.AppendUvarint(body, uint64(len(d.heads)))
	if d.spill != (stageID{}) {
		return append(body, d.spill[:]...)
	}
	return append(body, encodeHeads(d.heads)...)
}

// decodeDocument reads a row of either version. If the row has no room for the
// heads, it returns how many there are beneath spill.
func decodeDocument(version byte, body []byte) (d *document, spilled int, ok bool) {
	f := fields{rest: body}
	d = new(document)
	if version >= lifeVersion {
		d.born = Seq(f.uvarint())
	}
	d.changes, d.bytes, d.last = f.int(), int64(f.int()), Seq(f.uvarint())
	count := f.int()
	switch {
	case f.bad:
		return nil, 0, false
	case len(f.rest)%change.HashSize == 0 && len(f.rest)/change.HashSize == count:
		d.heads = decodeHeads(f.rest)
		return d, 0, true
	case len(f.rest) == ownerSize:
		d.spill = stageID(f.rest)
		return d, count, count > 0 && d.spill != stageID{}
	default:
		return nil, 0, false
	}
}

// info is what callers are told. They may do with the heads what they like: the row
// may be what the committer goes by.
func (d *document) info(id docid.ID) Info {
	return Info{Document: id, Heads: slices.Clone(d.heads), Changes: d.changes, Bytes: d.bytes, Born: d.born, Last: d.last}
}

func encodeHeads(heads []change.Hash) []byte {
	out := make([]byte, 0, len(heads)*change.HashSize)
	for i := range heads {
		out = append(out, heads[i][:]...)
	}
	return out
}

func decodeHeads(b []byte) []change.Hash {
	heads := make([]change.Hash, len(b)/change.HashSize)
	for i := range heads {
		copy(heads[i][:], b[i*change.HashSize:])
	}
	return heads
}
