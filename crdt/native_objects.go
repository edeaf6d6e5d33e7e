package crdt

import (
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// The containers are pointers in disguise: to hand one out allocates nothing.
type (
	nativeMap  struct{ o *opset.Object }
	nativeList struct{ o *opset.Object }
	nativeText struct{ o *opset.Object }
)

func (n nativeMap) get(key string) (_ item, err error) {
	defer rescue(&err)
	return itemOf(n.o.Get(key)), nil
}

func (n nativeMap) all() (_ []entry, err error) {
	defer rescue(&err)
	entries := make([]entry, 0, n.o.Len(sequence.Points))
	for key, op := range n.o.Entries() {
		entries = append(entries, entry{key, itemOf(op)})
	}
	return entries, nil
}

func (n nativeMap) len() (_ int, err error) {
	defer rescue(&err)
	return n.o.Len(sequence.Points), nil
}

func (n nativeMap) put(key string, scalar item) (err error) {
	defer rescue(&err)
	return n.o.Set().Put(n.o, key, scalarOf(scalar))
}

func (n nativeMap) putObject(key string, kind Kind) (_ item, err error) {
	defer rescue(&err)
	o, err := n.o.Set().PutObject(n.o, key, actionOf[kind])
	return objectOf(o), err
}

func (n nativeMap) increment(key string, by int64) (err error) {
	defer rescue(&err)
	return n.o.Set().Increment(n.o, key, by)
}

func (n nativeMap) delete(key string) (err error) {
	defer rescue(&err)
	return n.o.Set().Delete(n.o, key)
}

func (n nativeMap) conflicts(key string) (_ []item, err error) {
	defer rescue(&err)
	return itemsOf(n.o.Conflicts(key)), nil
}

func (n nativeMap) settle(key string) (err error) {
	defer rescue(&err)
	return n.o.Set().Settle(n.o, key)
}

func (n nativeList) settle(i int) (err error) {
	defer rescue(&err)
	return n.o.Set().SettleAt(n.o, i)
}

func (n nativeList) conflicts(i int) (_ []item, err error) {
	defer rescue(&err)
	if i < 0 || i >= n.o.Len(sequence.Points) {
		return nil, nil
	}
	return itemsOf(n.o.ConflictsAt(i)), nil
}

func itemsOf(ops []opset.Op) []item {
	items := make([]item, 0, len(ops))
	for i := range ops {
		if ops[i].Action != change.ActionMark { // which is no value
			items = append(items, itemOf(&ops[i]))
		}
	}
	return items
}

func (n nativeMap) writers(key string) (_ []OpID, err error) {
	defer rescue(&err)
	return writersOf(n.o, n.o.Conflicts(key)), nil
}

func (n nativeList) writers(i int) (_ []OpID, err error) {
	defer rescue(&err)
	if i < 0 || i >= n.o.Len(sequence.Points) {
		return nil, nil
	}
	return writersOf(n.o, n.o.ConflictsAt(i)), nil
}

func writersOf(o *opset.Object, ops []opset.Op) []OpID {
	ids := make([]OpID, 0, len(ops))
	for i := range ops {
		if ops[i].Action != change.ActionMark {
			ids = append(ids, o.Set().OpID(&ops[i]))
		}
	}
	return ids
}

func (n nativeMap) contests(visit func(path []any, values []item, writers []OpID)) (err error) {
	defer rescue(&err)
	n.o.Contests(func(path []opset.Step, ops []opset.Op) {
		way := make([]any, len(path))
		for i, step := range path {
			if way[i] = step.Index; step.Index < 0 {
				way[i] = step.Key
			}
		}
		visit(way, itemsOf(ops), writersOf(n.o, ops))
	})
	return nil
}

func (n nativeText) marks(u Unit) (marks []mark, err error) {
	defer rescue(&err)
	for _, m := range n.o.Marks(sequence.Unit(u)) {
		marks = append(marks, mark{m.Name, itemOf(&opset.Op{Value: m.Value}), m.Start, m.End})
	}
	return marks, nil
}

func (n nativeText) mark(u Unit, start, end int, name string, value item, expand Expand) (err error) {
	defer rescue(&err)
	m := opset.Mark{Name: name, Value: scalarOf(value), Start: start, End: end}
	return n.o.Set().Mark(n.o, sequence.Unit(u), m, expand&ExpandBefore != 0, expand&ExpandAfter != 0)
}

func (n nativeText) block(u Unit, pos int) (_ item, start int, err error) {
	defer rescue(&err)
	o, start := n.o.Block(sequence.Unit(u), pos)
	return objectOf(o), start, nil
}

func (n nativeText) splitBlock(u Unit, pos int) (_ item, err error) {
	defer rescue(&err)
	o, err := n.o.Set().InsertObject(n.o, sequence.Unit(u), pos, change.ActionMakeMap)
	return objectOf(o), err
}

func (n nativeText) blocks(u Unit) (blocks []block, err error) {
	defer rescue(&err)
	for start, o := range n.o.Blocks(sequence.Unit(u)) {
		blocks = append(blocks, block{objectOf(o), start})
	}
	return blocks, nil
}

func (n nativeText) anchor(u Unit, pos int) (_ change.OpID, err error) {
	defer rescue(&err)
	return n.o.Set().Anchor(n.o, sequence.Unit(u), pos), nil
}

func (n nativeText) anchored(u Unit, op change.OpID, back bool) (pos int, ok bool, err error) {
	defer rescue(&err)
	pos, ok = n.o.Set().Anchored(n.o, sequence.Unit(u), op, back)
	return pos, ok, nil
}

func (n nativeList) get(i int) (_ item, err error) {
	defer rescue(&err)
	if i < 0 || i >= n.o.Len(sequence.Points) {
		return item{}, nil
	}
	op := n.o.At(i)
	return itemOf(&op), nil
}

func (n nativeList) all() (_ []item, err error) {
	defer rescue(&err)
	items := make([]item, 0, n.o.Len(sequence.Points))
	for op := range n.o.Elements() {
		items = append(items, itemOf(&op))
	}
	return items, nil
}

func (n nativeList) len() (_ int, err error) {
	defer rescue(&err)
	return n.o.Len(sequence.Points), nil
}

func (n nativeList) put(i int, scalar item) (err error) {
	defer rescue(&err)
	return n.o.Set().PutAt(n.o, i, scalarOf(scalar))
}

func (n nativeList) insert(i int, scalars []item) (err error) {
	defer rescue(&err)
	values := make([]change.Value, len(scalars))
	for j, scalar := range scalars {
		values[j] = scalarOf(scalar)
	}
	return n.o.Set().Insert(n.o, sequence.Points, i, values...)
}

func (n nativeList) putObject(i int, insert bool, kind Kind) (_ item, err error) {
	defer rescue(&err)
	if insert {
		o, err := n.o.Set().InsertObject(n.o, sequence.Points, i, actionOf[kind])
		return objectOf(o), err
	}
	o, err := n.o.Set().PutObjectAt(n.o, i, actionOf[kind])
	return objectOf(o), err
}

func (n nativeList) increment(i int, by int64) (err error) {
	defer rescue(&err)
	return n.o.Set().IncrementAt(n.o, i, by)
}

func (n nativeList) delete(i, count int) (err error) {
	defer rescue(&err)
	return n.o.Set().DeleteAt(n.o, i, count)
}

func (n nativeText) appendTo(b []byte) (_ []byte, err error) {
	defer rescue(&err)
	return n.o.AppendText(b), nil
}

func (n nativeText) len(u Unit) (_ int, err error) {
	defer rescue(&err)
	return n.o.Len(sequence.Unit(u)), nil
}

func (n nativeText) splice(u Unit, pos, del int, insert string) (err error) {
	defer rescue(&err)
	return n.o.Set().Splice(n.o, sequence.Unit(u), pos, del, insert)
}

// actionOf says what makes a container.
var actionOf = map[Kind]change.Action{
	KindMap:  change.ActionMakeMap,
	KindList: change.ActionMakeList,
	KindText: change.ActionMakeText,
}

func objectOf(o *opset.Object) item {
	switch {
	case o == nil:
		return item{}
	case o.IsMap():
		return item{KindMap, nativeMap{o}}
	case o.IsText():
		return item{KindText, nativeText{o}}
	}
	return item{KindList, nativeList{o}}
}

// itemOf returns what an operation put where it stands.
func itemOf(op *opset.Op) item {
	switch {
	case op == nil:
		return item{}
	case op.Object != nil:
		return objectOf(op.Object)
	}
	v := op.Value
	switch v.Type {
	case change.ValueNull:
		return item{kind: KindNull}
	case change.ValueFalse, change.ValueTrue:
		return item{KindBool, v.Type == change.ValueTrue}
	case change.ValueUint:
		return item{KindUint, v.Uint()}
	case change.ValueInt:
		return item{KindInt, v.Int()}
	case change.ValueFloat:
		return item{KindFloat, v.Float()}
	case change.ValueText:
		return item{KindString, string(v.Raw)}
	case change.ValueBytes:
		return item{KindBytes, append([]byte{}, v.Raw...)}
	case change.ValueCounter:
		return item{KindCounter, Counter(op.Counter())}
	case change.ValueTimestamp:
		return item{KindTime, time.UnixMilli(v.Int()).UTC()}
	}
	return item{kind: KindUnknown}
}

// scalarOf is the reverse of itemOf, for scalars.
func scalarOf(it item) change.Value {
	switch v := it.data.(type) {
	case bool:
		return change.Bool(v)
	case uint64:
		return change.Uint(v)
	case int64:
		return change.Int(v)
	case float64:
		return change.Float(v)
	case string:
		return change.Text(v)
	case []byte:
		return change.Bytes(v)
	case Counter:
		return change.Counter(int64(v))
	case time.Time:
		return change.Timestamp(v.UnixMilli())
	}
	return change.Value{}
}
