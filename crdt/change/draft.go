package change

import (
	"crypto/sha256"
	"slices"
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
	e := newDraftEncoder(d)
	for i := range d.Ops {
		e.op(&d.Ops[i])
	}
	return Parse(seal(d.body(e)))
}

// seal puts a body into a chunk of type 1.
func seal(body []byte) []byte {
	start := lengthStart + ulebSize(uint64(len(body)))
	chunk := make([]byte, 0, start+len(body))
	chunk = append(chunk, magic...)
	chunk = append(chunk, make([]byte, checksumSize)...)
	chunk = append(chunk, TypeChange)
	chunk = appendUleb(chunk, uint64(len(body)))
	chunk = append(chunk, body...)
	hash := sha256.Sum256(chunk[typeStart:])
	copy(chunk[checksumStart:], hash[:checksumSize])
	return chunk
}

func (d *Draft) body(e *draftEncoder) []byte {
	deps := SortHashes(slices.Clone(d.Deps))
	b := appendUleb(nil, uint64(len(deps)))
	for _, dep := range deps {
		b = append(b, dep[:]...)
	}
	b = appendText(b, string(d.Actor))
	b = appendUleb(b, d.Seq)
	b = appendUleb(b, d.StartOp)
	b = appendSleb(b, d.Time)
	b = appendText(b, d.Message)
	b = appendUleb(b, uint64(len(e.others)))
	for _, actor := range e.others {
		b = appendText(b, string(actor))
	}
	return append(e.appendColumns(b), d.Extra...)
}

func appendText(b []byte, text string) []byte {
	return append(appendUleb(b, uint64(len(text))), text...)
}

// draftEncoder fills a change's columns.
type draftEncoder struct {
	actor  ActorID
	others []ActorID
	met    map[ActorID]bool

	objActor, objCtr, keyActor, keyStr, action runEncoder
	valueMeta, predCount, predActor, markName  runEncoder
	keyCtr, predCtr                            deltaEncoder
	insert, expand                             flipEncoder
	values                                     []byte
}

func newDraftEncoder(d *Draft) *draftEncoder {
	e := &draftEncoder{actor: d.Actor}
	for i := range d.Ops {
		op := &d.Ops[i]
		e.meet(op.Obj)
		e.meet(op.Key.Elem)
		for _, id := range op.Pred {
			e.meet(id)
		}
	}
	slices.Sort(e.others)
	return e
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
		e.objActor.null()
		e.objCtr.null()
	} else {
		e.objActor.uint(e.index(op.Obj.Actor))
		e.objCtr.uint(op.Obj.Counter)
	}
	e.key(op.Key)
	e.insert.value(op.Insert)
	e.action.uint(uint64(op.Action))
	e.valueMeta.uint(op.Value.meta())
	e.values = append(e.values, op.Value.Raw...)
	e.predCount.uint(uint64(len(op.Pred)))
	for _, id := range op.Pred {
		e.predActor.uint(e.index(id.Actor))
		e.predCtr.value(id.Counter)
	}
	e.expand.value(op.Expand)
	if op.MarkName == nil {
		e.markName.null()
	} else {
		e.markName.text(*op.MarkName)
	}
}

func (e *draftEncoder) key(key Key) {
	if !key.InList {
		e.keyActor.null()
		e.keyCtr.null()
		e.keyStr.text(key.Name)
		return
	}
	e.keyStr.null()
	if key.Elem.IsZero() {
		e.keyActor.null()
	} else {
		e.keyActor.uint(e.index(key.Elem.Actor))
	}
	e.keyCtr.value(key.Elem.Counter)
}

// appendColumns writes the column table and the columns.
func (e *draftEncoder) appendColumns(b []byte) []byte {
	data := [numColumns][]byte{
		colObjActor:  e.objActor.finish(),
		colObjCtr:    e.objCtr.finish(),
		colKeyActor:  e.keyActor.finish(),
		colKeyCtr:    e.keyCtr.finish(),
		colKeyStr:    e.keyStr.finish(),
		colInsert:    e.insert.finish(),
		colAction:    e.action.finish(),
		colValueMeta: e.valueMeta.finish(),
		colValue:     e.values,
		colPredCount: e.predCount.finish(),
		colPredActor: e.predActor.finish(),
		colPredCtr:   e.predCtr.finish(),
		colMarkName:  e.markName.finish(),
	}
	if e.expand.some {
		data[colExpand] = e.expand.finish()
	}
	present := 0
	for _, column := range data {
		present += min(len(column), 1)
	}
	b = appendUleb(b, uint64(present))
	for i, column := range data {
		if len(column) > 0 {
			b = appendUleb(appendUleb(b, specs[i]), uint64(len(column)))
		}
	}
	for _, column := range data {
		b = append(b, column...)
	}
	return b
}
