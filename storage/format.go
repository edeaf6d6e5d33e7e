package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// Every key begins with a tag and the version of its format, every value with
// the version of its own. See docs/STORAGE-FORMAT.md.
const (
	formatVersion = 1

	tagDocument = 'd' // document → count, bytes, last row, heads
	tagEntry    = 'k' // the caller's key → its value
	tagJournal  = 'j' // sequence → kind, document, first, count, batch, origin
	tagMeta     = 'm' // name → value
	tagPayload  = 'p' // document, last index, piece → changes or a link to them
	tagStaged   = 'q' // stage, last index, piece → changes or heads
	tagStage    = 's' // stage → nothing; there while nothing refers to it
)

const (
	// maxPiece bounds a value, so that none goes to Badger's value log.
	maxPiece = 64 << 10

	checksumSize = 4
	ownerSize    = 16
	runKeySize   = 2 + ownerSize + 8 + 4
)

var (
	metaIncarnation = []byte{tagMeta, formatVersion, 'i', 'n', 'c', 'a', 'r', 'n', 'a', 't', 'i', 'o', 'n'}
	metaHealth      = []byte{tagMeta, formatVersion, 'h', 'e', 'a', 'l', 't', 'h'}

	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// stageID names changes, or heads, that were written before the transaction
// that makes them visible. The zero stageID names none.
type stageID [ownerSize]byte

func tagged(tag byte, parts ...[]byte) []byte {
	size := 2
	for _, p := range parts {
		size += len(p)
	}
	key := append(make([]byte, 0, size), tag, formatVersion)
	for _, p := range parts {
		key = append(key, p...)
	}
	return key
}

func documentKey(id docid.ID) []byte { return tagged(tagDocument, id[:]) }
func entryKey(key []byte) []byte     { return tagged(tagEntry, key) }
func stageKey(id stageID) []byte     { return tagged(tagStage, id[:]) }

func journalKey(seq Seq) []byte {
	return binary.BigEndian.AppendUint64(tagged(tagJournal), uint64(seq))
}

// runKey is the key of one piece of a run of changes that ends at index last:
// a seek to (i, 0) finds the run that holds change i.
func runKey(tag byte, owner [ownerSize]byte, last int, piece int) []byte {
	key := append(make([]byte, 0, runKeySize), tag, formatVersion)
	key = append(key, owner[:]...)
	key = binary.BigEndian.AppendUint64(key, uint64(last))
	return binary.BigEndian.AppendUint32(key, uint32(piece))
}

func parseRunKey(key []byte) (last, piece int, ok bool) {
	if len(key) != runKeySize {
		return 0, 0, false
	}
	index := key[2+ownerSize:]
	return int(binary.BigEndian.Uint64(index)), int(binary.BigEndian.Uint32(index[8:])), true
}

// seal makes a row's value: the format's version, the body, and a checksum over
// key, version and body, so that a row under a wrong key is noticed too.
func seal(key, body []byte) []byte {
	value := make([]byte, 0, 1+len(body)+checksumSize)
	value = append(value, formatVersion)
	value = append(value, body...)
	return binary.BigEndian.AppendUint32(value, checksum(key, value))
}

// unseal returns the body of what seal made.
func unseal(key, value []byte) ([]byte, error) {
	if len(value) < 1+checksumSize {
		return nil, damaged("row %q is %d bytes long", key, len(value))
	}
	sealed, sum := value[:len(value)-checksumSize], value[len(value)-checksumSize:]
	if binary.BigEndian.Uint32(sum) != checksum(key, sealed) {
		return nil, damaged("row %q has a wrong checksum", key)
	}
	if sealed[0] != formatVersion {
		return nil, fmt.Errorf("%w: row %q has format %d; use a newer godwit", ErrNewerFormat, key, sealed[0])
	}
	return sealed[1:], nil
}

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s; restore the store from a backup or from its neighbours", ErrDamaged, fmt.Sprintf(format, args...))
}

// document is a document's row.
type document struct {
	changes int
	bytes   int64
	last    Seq
	heads   []change.Hash // ascending
	spill   stageID       // where the heads are, if the row has no room for them
}

func (d *document) encode() []byte {
	body := make([]byte, 0, 3*binary.MaxVarintLen64+1+len(d.heads)*change.HashSize)
	body = binary.AppendUvarint(body, uint64(d.changes))
	body = binary.AppendUvarint(body, uint64(d.bytes))
	body = binary.AppendUvarint(body, uint64(d.last))
	body = binary.AppendUvarint(body, uint64(len(d.heads)))
	if d.spill != (stageID{}) {
		return append(body, d.spill[:]...)
	}
	return append(body, encodeHeads(d.heads)...)
}

// decodeDocument reads a row. If the row has no room for the heads, it returns
// how many there are beneath spill.
func decodeDocument(body []byte) (d *document, spilled int, ok bool) {
	f := fields{rest: body}
	d = &document{changes: f.int(), bytes: int64(f.int()), last: Seq(f.uvarint())}
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

func (r *Row) encode() []byte {
	body := make([]byte, 0, 64)
	body = append(body, byte(r.Kind))
	body = append(body, r.Document[:]...)
	body = binary.AppendUvarint(body, uint64(r.First))
	body = binary.AppendUvarint(body, uint64(r.Count))
	body = binary.AppendUvarint(body, uint64(r.Seq-r.Batch))
	if r.Origin != (Incarnation{}) {
		body = append(body, r.Origin[:]...)
	}
	return body
}

// decodeRow reads a journal row. A row of an unknown kind has only its
// sequence, kind and document set: what follows is that kind's own business.
func decodeRow(seq Seq, body []byte) (r Row, ok bool) {
	f := fields{rest: body}
	r = Row{Seq: seq, Kind: Kind(f.byte())}
	copy(r.Document[:], f.bytes(docid.Size))
	if !r.Kind.known() {
		return r, !f.bad
	}
	r.First, r.Count = f.int(), f.int()
	r.Batch = seq - Seq(f.uvarint())
	if len(f.rest) > 0 {
		copy(r.Origin[:], f.bytes(len(r.Origin)))
	}
	return r, !f.bad && len(f.rest) == 0
}

func (k Kind) known() bool { return k == KindChanges || k == KindPurge }

// fields reads the parts of a body one after the other.
type fields struct {
	rest []byte
	bad  bool
}

func (f *fields) uvarint() uint64 {
	v, n := binary.Uvarint(f.rest)
	if n <= 0 {
		f.bad, f.rest = true, nil
		return 0
	}
	f.rest = f.rest[n:]
	return v
}

func (f *fields) int() int {
	v := f.uvarint()
	if v > math.MaxInt {
		f.bad = true
		return 0
	}
	return int(v)
}

func (f *fields) bytes(n int) []byte {
	if len(f.rest) < n {
		f.bad, f.rest = true, nil
		return nil
	}
	out := f.rest[:n]
	f.rest = f.rest[n:]
	return out
}

func (f *fields) byte() byte {
	if b := f.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// after is the smallest key greater than key.
func after(key []byte) []byte { return append(bytes.Clone(key), 0) }
