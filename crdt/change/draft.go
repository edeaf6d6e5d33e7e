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
	Runs  []Run // take the place of Ops, if there are any
	Extra []byte
}

// Run is N operations in a list or text, of which only the first is given. If
// they insert, each comes after the one before; otherwise each is at the next
// element, and if it has a predecessor, one, that is the next one's, too. Their
// values have the same type and length, and lie one after the other. A run of
// one is that operation.
type Run struct {
	Op
	N int
}

// Encode makes the change, byte for byte as Automerge does. The result has
// passed [Parse]: a draft that breaks a rule gets an *[InvalidError].
func (d *Draft) Encode() (*Change, error) {
	e := encoders.Get().(*draftEncoder)
	defer encoders.Put(e)
	e.encode(d)
	chunk, body, hash := seal(nil, e.bodyBuf)
	var cols columns
	if int64(len(e.bodyBuf)) > maxBody {
		return nil, invalid(errChunkSize, nil)
	}
	c, err := readBody(chunk, body, hash, d.Actor, &cols)
	return c.checked(&cols, err)
}

// Seal makes the change's chunk in the place of what buf holds, for those who
// know which hash it must have: nothing is checked. The tail is what [Change.Tail]
// returns.
func (d *Draft) Seal(buf []byte) (chunk, tail []byte, hash Hash) {
	e := encoders.Get().(*draftEncoder)
	defer encoders.Put(e)
	tailStart := e.encode(d)
	chunk, body, hash := seal(buf[:0], e.bodyBuf)
	return chunk, chunk[body+tailStart:], hash
}

// encode makes the change's body, and returns where its tail begins.
func (e *draftEncoder) encode(d *Draft) (tail int) {
	e.begin(d)
	for i := range d.Ops {
		if d.Runs == nil {
			e.op(&d.Ops[i])
		}
	}
	at := d.StartOp
	for i := range d.Runs {
		r := &d.Runs[i]
		if r.N == 1 {
			e.op(&r.Op)
		} else {
			e.run(r, at)
		}
		at += uint64(r.N)
	}
	e.bodyBuf = appendAuthor(e.bodyBuf[:0], d.Deps, d.Actor)
	tail = len(e.bodyBuf)
	e.bodyBuf = d.appendTail(e.bodyBuf, e)
	return tail
}

// encoders are there to be used again, in the same memory.
var encoders = sync.Pool{New: func() any { return new(draftEncoder) }}

// seal puts a body into a chunk of type 1, in buf, and returns as well where the
// body begins in it.
func seal(buf, body []byte) (chunk []byte, start int, hash Hash) {
	start = lengthStart + column.UlebSize(uint64(len(body)))
	chunk = slices.Grow(buf, start+len(body))
	chunk = append(chunk, magic...)
	chunk = append(chunk, make([]byte, checksumSize)...)
	chunk = append(chunk, TypeChange)
	chunk = column.AppendUleb(chunk, uint64(len(body)))
	chunk = append(chunk, body...)
	hash = sha256.Sum256(chunk[typeStart:])
	copy(chunk[checksumStart:], hash[:checksumSize])
	return chunk, start, hash
}

func (d *Draft) appendTail(b []byte, e *draftEncoder) []byte {
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
		if d.Runs == nil {
			e.meetAll(&d.Ops[i])
		}
	}
	for i := range d.Runs {
		e.meetAll(&d.Runs[i].Op)
	}
	slices.Sort(e.others)
}

// meetAll notes the actors that an operation names.
func (e *draftEncoder) meetAll(op *Op) {
	e.meet(op.Obj)
	e.meet(op.Key.Elem)
	for _, id := range op.Pred {
		e.meet(id)
	}
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
	e.object(op.Obj, 1)
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

// run appends a run, whose first operation has the counter at.
func (e *draftEncoder) run(r *Run, at uint64) {
	e.object(r.Obj, r.N)
	e.keyStr.AppendNull(r.N)
	if r.Insert {
		e.elements(r.Key.Elem, 1)
		e.elements(OpID{at, e.actor}, r.N-1)
	} else {
		e.elements(r.Key.Elem, r.N)
	}
	e.insert.Append(r.Insert, r.N)
	e.action.AppendUint(uint64(r.Action), r.N)
	e.valueMeta.AppendUint(Value{r.Value.Type, r.Value.Raw[:len(r.Value.Raw)/r.N]}.meta(), r.N)
	e.values = append(e.values, r.Value.Raw...)
	e.predCount.AppendUint(uint64(len(r.Pred)), r.N)
	if len(r.Pred) > 0 {
		e.predActor.AppendUint(e.index(r.Pred[0].Actor), r.N)
		e.predCtr.AppendRun(int64(r.Pred[0].Counter), 1, r.N)
	}
	e.expand.Append(r.Expand, r.N)
	e.markName.AppendNull(r.N)
}

// elements appends the keys of n elements, from one on.
func (e *draftEncoder) elements(first OpID, n int) {
	if first.IsZero() {
		e.keyActor.AppendNull(n)
	} else {
		e.keyActor.AppendUint(e.index(first.Actor), n)
	}
	e.keyCtr.AppendRun(int64(first.Counter), 1, n)
}

func (e *draftEncoder) object(obj OpID, n int) {
	if obj.IsZero() {
		e.objActor.AppendNull(n)
		e.objCtr.AppendNull(n)
		return
	}
	e.objActor.AppendUint(e.index(obj.Actor), n)
	e.objCtr.AppendUint(obj.Counter, n)
}

func (e *draftEncoder) key(key Key) {
	if !key.InList {
		e.keyActor.AppendNull(1)
		e.keyCtr.AppendNull(1)
		e.keyStr.AppendString(key.Name, 1)
		return
	}
	e.keyStr.AppendNull(1)
	e.elements(key.Elem, 1)
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
