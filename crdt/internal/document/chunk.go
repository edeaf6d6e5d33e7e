package document

import (
	"crypto/sha256"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// magic begins every chunk.
const magic = "\x85\x6f\x4a\x83"

// Head is a change that no other depends on, and its row.
type Head struct {
	Hash  change.Hash
	Index int
}

// Chunk ends the document and returns its chunk. The actors must be those that
// rows name by index, ascending; the heads may come in any order. The only
// error is [ErrTooLarge].
func (w *Writer) Chunk(actors []change.ActorID, heads []Head) ([]byte, error) {
	heads = slices.Clone(heads)
	slices.SortFunc(heads, func(a, b Head) int { return a.Hash.Compare(b.Hash) })

	b := column.AppendUleb(w.body[:0], uint64(len(actors)))
	for _, actor := range actors {
		b = append(column.AppendUleb(b, uint64(len(actor))), actor...)
	}
	b = column.AppendUleb(b, uint64(len(heads)))
	for _, head := range heads {
		b = append(b, head.Hash[:]...)
	}
	changes, ops := w.columns()
	if w.tooLarge(changes[:], ops[:]) {
		return nil, ErrTooLarge
	}
	w.packed = w.packed[:0]
	b = w.pack(b, changeSpecs[:], changes[:])
	b = w.pack(b, opSpecs[:], ops[:])
	b = append(b, w.packed...)
	for _, head := range heads {
		b = column.AppendUleb(b, uint64(head.Index))
	}
	w.body = b
	return seal(b), nil
}

// columns returns the columns of both tables; those that are left out are
// empty.
func (w *Writer) columns() (changes [numChangeColumns][]byte, ops [numOpColumns][]byte) {
	changes = [numChangeColumns][]byte{
		chActor:     w.author.Bytes(),
		chSeq:       w.seq.Bytes(),
		chMaxOp:     w.maxOp.Bytes(),
		chTime:      w.time.Bytes(),
		chMessage:   w.message.Bytes(),
		chDepCount:  w.depCount.Bytes(),
		chDep:       w.dep.Bytes(),
		chExtraMeta: w.extraMeta.Bytes(),
		chExtra:     w.extra,
	}
	ops = [numOpColumns][]byte{
		opObjActor:  w.objActor.Bytes(),
		opObjCtr:    w.objCtr.Bytes(),
		opKeyActor:  w.keyActor.Bytes(),
		opKeyCtr:    w.keyCtr.Bytes(),
		opKeyStr:    w.keyStr.Bytes(),
		opIDActor:   w.idActor.Bytes(),
		opIDCtr:     w.idCtr.Bytes(),
		opInsert:    w.insert.Bytes(),
		opAction:    w.action.Bytes(),
		opValueMeta: w.valueMeta.Bytes(),
		opValue:     w.values,
		opSuccCount: w.succCount.Bytes(),
		opSuccActor: w.succActor.Bytes(),
		opSuccCtr:   w.succCtr.Bytes(),
		opMark:      w.markName.Bytes(),
	}
	if w.expand.Some() {
		ops[opExpand] = w.expand.Bytes()
	}
	return changes, ops
}

func (w *Writer) tooLarge(tables ...[][]byte) bool {
	total := 0
	for _, columns := range tables {
		for _, data := range columns {
			total += len(data)
		}
	}
	return total > MaxInflated || w.ops > MaxRows || w.succs > MaxRows || w.changes > MaxChanges
}

// pack appends a column table to b and the columns, deflated where they are
// long enough, to w.packed.
func (w *Writer) pack(b []byte, specs []uint64, columns [][]byte) []byte {
	present := 0
	for _, data := range columns {
		present += min(len(data), 1)
	}
	b = column.AppendUleb(b, uint64(present))
	for i, data := range columns {
		spec, start := specs[i], len(w.packed)
		switch {
		case len(data) == 0:
			continue
		case len(data) < deflateFrom:
			w.packed = append(w.packed, data...)
		default:
			spec |= specDeflated
			w.packed = appendDeflated(w.packed, data)
		}
		b = column.AppendUleb(column.AppendUleb(b, spec), uint64(len(w.packed)-start))
	}
	return b
}

// seal puts a body into a chunk.
func seal(body []byte) []byte {
	chunk := make([]byte, lengthStart, lengthStart+column.UlebSize(uint64(len(body)))+len(body))
	copy(chunk, magic)
	chunk[typeStart] = change.TypeDocument
	chunk = column.AppendUleb(chunk, uint64(len(body)))
	chunk = append(chunk, body...)
	hash := sha256.Sum256(chunk[typeStart:])
	copy(chunk[checksumStart:typeStart], hash[:])
	return chunk
}
