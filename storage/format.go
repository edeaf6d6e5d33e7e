package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// Every key begins with a tag and the version of its format, every value with
// the version of its own. See docs/STORAGE-FORMAT.md.
const (
	directoryVersion = 2 // of the whole, in the FORMAT file
	formatVersion    = 1 // of keys and values, but for those that say otherwise
	lifeVersion      = 2 // of document rows and payload keys that know of lives

	tagDocument = 'd' // document → birth, count, bytes, last row, heads
	tagEntry    = 'k' // the caller's key → its value
	tagJournal  = 'j' // sequence → kind, document, first, count, batch, origin
	tagMeta     = 'm' // name → value
	tagPayload  = 'p' // document, birth, last index, piece → changes or a link to them
	tagPurged   = 'x' // document, birth → nothing; there while payload is left
	tagStaged   = 'q' // stage, last index, piece → changes or heads
	tagStage    = 's' // stage → nothing; there while nothing refers to it
)

const (
	// maxPiece bounds a value, so that none goes to Badger's value log.
	maxPiece = 64 << 10

	checksumSize = 4
	ownerSize    = 16
	runIndexSize = 8 + 4 // what a run's key holds after the log's prefix
)

var (
	metaIncarnation = []byte{tagMeta, formatVersion, 'i', 'n', 'c', 'a', 'r', 'n', 'a', 't', 'i', 'o', 'n'}
	metaPlace       = []byte{tagMeta, formatVersion, 'p', 'l', 'a', 'c', 'e'}
	metaHealth      = []byte{tagMeta, formatVersion, 'h', 'e', 'a', 'l', 't', 'h'}

	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// stageID names changes, or heads, that were written before the transaction
// that makes them visible. The zero stageID names none.
type stageID [ownerSize]byte

// tagged returns a key of some parts, with room for a number behind them.
func tagged(tag byte, parts ...[]byte) []byte {
	size := 2 + 8
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

// life is one life of a document: from its first append, whose journal row is
// born, to its purge. Documents of format 1 have born 0.
type life struct {
	id   docid.ID
	born Seq
}

// prefix begins the keys of the life's payload. So what is left of a former
// life can't come in the way of the next.
func (l life) prefix() []byte {
	key := tagged(tagPayload, l.id[:])
	if l.born == 0 {
		return key
	}
	key[1] = lifeVersion
	return binary.BigEndian.AppendUint64(key, uint64(l.born))
}

// purgedKey is there while payload of the life is left though it has ended.
func (l life) purgedKey() []byte {
	return binary.BigEndian.AppendUint64(tagged(tagPurged, l.id[:]), uint64(l.born))
}

func parsePurgedKey(key []byte) (l life, ok bool) {
	if len(key) != 2+docid.Size+8 {
		return l, false
	}
	copy(l.id[:], key[2:])
	l.born = Seq(binary.BigEndian.Uint64(key[2+docid.Size:]))
	return l, true
}

// prefix begins the keys of what is staged under a name.
func (id stageID) prefix() []byte { return tagged(tagStaged, id[:]) }

// runKey is the key of one piece of a run of changes that ends at index last,
// below the prefix of its log: a seek to (i, 0) finds the run that holds
// change i.
func runKey(log []byte, last int, piece int) []byte {
	key := append(make([]byte, 0, len(log)+runIndexSize), log...)
	key = binary.BigEndian.AppendUint64(key, uint64(last))
	return binary.BigEndian.AppendUint32(key, uint32(piece))
}

func parseRunKey(log, key []byte) (last, piece int, ok bool) {
	if len(key) != len(log)+runIndexSize {
		return 0, 0, false
	}
	index := key[len(log):]
	return int(binary.BigEndian.Uint64(index)), int(binary.BigEndian.Uint32(index[8:])), true
}

// seal makes a row's value: the format's version, the body, and a checksum over
// key, version and body, so that a row under a wrong key is noticed too.
func seal(key, body []byte) []byte { return sealAs(formatVersion, key, body) }

func sealAs(version byte, key, body []byte) []byte {
	return appendSealed(make([]byte, 0, 1+len(body)+checksumSize), version, key, body)
}

// appendSealed appends what sealAs makes.
func appendSealed(to []byte, version byte, key, body []byte) []byte {
	from := len(to)
	to = append(append(to, version), body...)
	return binary.BigEndian.AppendUint32(to, checksum(key, to[from:]))
}

// unseal returns the body of what seal made.
func unseal(key, value []byte) ([]byte, error) {
	_, body, err := unsealUpTo(formatVersion, key, value)
	return body, err
}

// unsealUpTo returns the version and the body of what sealAs made, if that
// version isn't above newest.
func unsealUpTo(newest byte, key, value []byte) (version byte, body []byte, err error) {
	if len(value) < 1+checksumSize {
		return 0, nil, damaged("row %q is %d bytes long", key, len(value))
	}
	sealed, sum := value[:len(value)-checksumSize], value[len(value)-checksumSize:]
	if binary.BigEndian.Uint32(sum) != checksum(key, sealed) {
		return 0, nil, damaged("row %q has a wrong checksum", key)
	}
	if sealed[0] > newest {
		return 0, nil, fmt.Errorf("%w: row %q has format %d; use a newer godwit", ErrNewerFormat, key, sealed[0])
	}
	return sealed[0], sealed[1:], nil
}

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s; restore the store from a backup or from its neighbours", ErrDamaged, fmt.Sprintf(format, args...))
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
