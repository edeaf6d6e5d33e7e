package change

import (
	"crypto/sha256"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// Draft is a change to be made.
type Draft struct {
	Actor   ActorID
	Seq     uint64
	StartOp uint64
	Time    int64 // decides nothing; zero is best
	Message string
	Deps    []Hash // in any order
	// Ops get the ids StartOp, StartOp+1, …; their own ID field is ignored.
	Ops   []Op
	Extra []byte
}

// Encode makes the change, byte for byte as Automerge does. The result has
// passed [Parse]: a draft that breaks a rule gets an *[InvalidError].
func (d *Draft) Encode() (*Change, error) {
	e := encoders.Get().(*draftEncoder)
	defer encoders.Put(e)
	e.begin(d)
	for i := range d.Ops {
		e.op(&d.Ops[i])
	}
	e.bodyBuf = d.appendBody(e.bodyBuf[:0], e)
	return Parse(seal(e.bodyBuf))
}

// encoders are there to be used again, in the same memory.
var encoders = sync.Pool{New: func() any { return new(draftEncoder) }}

// seal puts a body into a chunk of type 1.
func seal(body []byte) []byte {
	start := lengthStart + column.UlebSize(uint64(len(body)))
	chunk := make([]byte, 0, start+len(body))
	chunk = append(chunk, magic...)
	chunk = append(chunk, make([]byte, checksumSize)...)
	chunk = append(chunk, TypeChange)
	chunk = column.AppendUleb(chunk, uint64(len(body)))
	chunk = append(chunk, body...)
	hash := sha256.Sum256(chunk[typeStart:])
	copy(chunk[checksumStart:], hash[:checksumSize])
	return chunk
}

func (d *Draft) appendBody(b []byte, e *draftEncoder) []byte {
	deps := SortHashes(slices.Clone(d.Deps))
	b = column.AppendUleb(b, uint64(len(deps)))
	for _, dep := range deps {
		b = append(b, dep[:]...)
	}
	b = appendText(b, string(d.Actor))
	b = column.AppendUleb(b, d.Seq)
	b = column.AppendUleb(b, d.StartOp)
	b = column.AppendSleb(b, d.Time)
	b = appendText(b, d.Message)
	b = column.AppendUleb(b, uint64(len(e.others)))
	for _, actor := range e.others {
		b = appendText(b, string(actor))
	}
	return append(e.appendColumns(b), d.Extra...)
}

func appendText(b []byte, text string) []byte {
	return append(column.AppendUleb(b, uint64(len(text))), text...)
}

// draftEncoder fills a change's columns.
type draftEncoder struct {
	actor  ActorID
	others []ActorID
	met    map[ActorID]bool

	objActor, objCtr, keyActor, keyStr, action column.RunWriter
	valueMeta, predCount, predActor, markName  column.RunWriter
	keyCtr, predCtr                            column.DeltaWriter
	insert, expand                             column.FlipWriter
	values                                     []byte

	bodyBuf []byte
}

// begin forgets what was encoded before, and lists the actors that a draft
// names.
func (e *draftEncoder) begin(d *Draft) {
	for _, w := range []*column.RunWriter{
		&e.objActor, &e.objCtr, &e.keyActor, &e.keyStr, &e.action,
		&e.valueMeta, &e.predCount, &e.predActor, &e.markName,
	} {
		w.Reset()
	}
	e.keyCtr.Reset()
	e.predCtr.Reset()
	e.insert.Reset()
	e.expand.Reset()
	e.values = e.values[:0]
	e.actor, e.others, e.met = d.Actor, e.others[:0], nil
	for i := range d.Ops {
		op := &d.Ops[i]
		e.meet(op.Obj)
		e.meet(op.Key.Elem)
		for _, id := range op.Pred {
			e.meet(id)
		}
	}
	slices.Sort(e.others)
}

// meet notes the actor of an id.
func (e *draftEncoder) meet(id OpID) {
	if id.IsZero() || id.Actor == e.actor || e.met[id.Actor] {
		return
	}
	if e.met == nil {
		e.met = make(map[ActorID]bool)
	}
	e.met[id.Actor] = true
	e.others = append(e.others, id.Actor)
}

// index returns an actor's index, once all are met.
func (e *draftEncoder) index(actor ActorID) uint64 {
	if actor == e.actor {
		return 0
	}
	i, _ := slices.BinarySearch(e.others, actor)
	return uint64(i + 1)
}

func (e *draftEncoder) op(op *Op) {
	if op.Obj.IsZero() {
		e.objActor.AppendNull(1)
		e.objCtr.AppendNull(1)
	} else {
		e.objActor.AppendUint(e.index(op.Obj.Actor), 1)
		e.objCtr.AppendUint(op.Obj.Counter, 1)
	}
	e.key(op.Key)
	e.insert.Append(op.Insert, 1)
	e.action.AppendUint(uint64(op.Action), 1)
	e.valueMeta.AppendUint(op.Value.meta(), 1)
	e.values = append(e.values, op.Value.Raw...)
	e.predCount.AppendUint(uint64(len(op.Pred)), 1)
	for _, id := range op.Pred {
		e.predActor.AppendUint(e.index(id.Actor), 1)
		e.predCtr.Append(int64(id.Counter))
	}
	e.expand.Append(op.Expand, 1)
	if op.MarkName == nil {
		e.markName.AppendNull(1)
	} else {
		e.markName.AppendString(*op.MarkName, 1)
	}
}

func (e *draftEncoder) key(key Key) {
	if !key.InList {
		e.keyActor.AppendNull(1)
		e.keyCtr.AppendNull(1)
		e.keyStr.AppendString(key.Name, 1)
		return
	}
	e.keyStr.AppendNull(1)
	if key.Elem.IsZero() {
		e.keyActor.AppendNull(1)
	} else {
		e.keyActor.AppendUint(e.index(key.Elem.Actor), 1)
	}
	e.keyCtr.Append(int64(key.Elem.Counter))
}

// appendColumns writes the column table and the columns.
func (e *draftEncoder) appendColumns(b []byte) []byte {
	data := [numColumns][]byte{
		colObjActor:  e.objActor.Bytes(),
		colObjCtr:    e.objCtr.Bytes(),
		colKeyActor:  e.keyActor.Bytes(),
		colKeyCtr:    e.keyCtr.Bytes(),
		colKeyStr:    e.keyStr.Bytes(),
		colInsert:    e.insert.Bytes(),
		colAction:    e.action.Bytes(),
		colValueMeta: e.valueMeta.Bytes(),
		colValue:     e.values,
		colPredCount: e.predCount.Bytes(),
		colPredActor: e.predActor.Bytes(),
		colPredCtr:   e.predCtr.Bytes(),
		colMarkName:  e.markName.Bytes(),
	}
	if e.expand.Some() {
		data[colExpand] = e.expand.Bytes()
	}
	present := 0
	for _, d := range data {
		present += min(len(d), 1)
	}
	b = column.AppendUleb(b, uint64(present))
	for i, d := range data {
		if len(d) > 0 {
			b = column.AppendUleb(column.AppendUleb(b, specs[i]), uint64(len(d)))
		}
	}
	for _, d := range data {
		b = append(b, d...)
	}
	return b
}
