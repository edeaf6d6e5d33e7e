package document_test

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
)

var actors = []change.ActorID{"a", "m", "z\xff"}

func drawID(t *rapid.T) document.ID {
	return document.ID{
		Counter: rapid.OneOf(rapid.Uint32Range(1, 5), rapid.Just[uint32](change.MaxCounter)).Draw(t, "counter"),
		Actor:   rapid.Uint32Range(0, uint32(len(actors)-1)).Draw(t, "actor"),
	}
}

var values = []change.Value{
	{},
	change.Bool(true), change.Int(-5), change.Uint(300), change.Text("añ"), change.Text(""),
	change.Float(1.5), change.Bytes([]byte{0xff}), change.Counter(7), change.Timestamp(1 << 40),
	{Type: 12, Raw: []byte{1}},
}

func drawOp(t *rapid.T) document.Op {
	op := document.Op{
		ID:     drawID(t),
		Action: rapid.SampledFrom([]change.Action{0, 1, 1, 1, 2, 4, 6, 7, 9}).Draw(t, "action"),
		Value:  rapid.SampledFrom(values).Draw(t, "value"),
		Expand: rapid.Bool().Draw(t, "expand"),
	}
	if rapid.Bool().Draw(t, "in list") {
		op.Obj, op.Insert = drawID(t), rapid.Bool().Draw(t, "insert")
		op.Key = document.Key{InList: true, Elem: drawID(t)}
		if op.Insert && rapid.Bool().Draw(t, "head") {
			op.Key.Elem = document.ID{}
		}
	} else {
		op.Key = document.Key{Name: rapid.SampledFrom([]string{"", "k", "länger"}).Draw(t, "key")}
		if rapid.Bool().Draw(t, "nested") {
			op.Obj = drawID(t)
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "succs") {
		op.Succ = append(op.Succ, drawID(t))
	}
	if rapid.Bool().Draw(t, "marked") {
		op.Marked, op.Mark = true, rapid.SampledFrom([]string{"", "bold"}).Draw(t, "mark")
	}
	return op
}

// drawOps draws rows that repeat, or continue each other: so there are runs.
func drawOps(t *rapid.T) (ops []document.Op) {
	for range rapid.IntRange(0, 15).Draw(t, "ops") {
		op := drawOp(t)
		step := rapid.Uint32Range(0, 2).Draw(t, "step")
		for range rapid.IntRange(1, 4).Draw(t, "times") {
			ops = append(ops, op)
			if op.ID.Counter < 1000 {
				op.ID.Counter += step
			}
			if op.Key.InList && !op.Key.Elem.IsZero() && op.Key.Elem.Counter < 1000 {
				op.Key.Elem.Counter += step
			}
		}
	}
	return ops
}

func drawChanges(t *rapid.T) (changes []document.Change) {
	for range rapid.IntRange(2, 20).Draw(t, "changes") {
		c := document.Change{
			Actor: rapid.IntRange(0, len(actors)-1).Draw(t, "author"),
			Seq:   rapid.Uint64Range(1, 9).Draw(t, "seq"),
			MaxOp: rapid.Uint64Range(0, 9).Draw(t, "max op"),
			Time:  rapid.OneOf(rapid.Int64(), rapid.Just[int64](0)).Draw(t, "time"),
			Extra: []byte(rapid.SampledFrom([]string{"", "", "xyz"}).Draw(t, "extra")),
		}
		if rapid.Bool().Draw(t, "has message") {
			c.HasMessage, c.Message = true, rapid.SampledFrom([]string{"", "why"}).Draw(t, "message")
		}
		if n := len(changes); n > 0 {
			c.Deps = rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, min(n, 3), rapid.ID).Draw(t, "deps")
		}
		changes = append(changes, c)
	}
	return changes
}

func TestRowsAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := history{actors: actors, changes: drawChanges(t), ops: drawOps(t)}
		var w document.Writer
		for i := range want.changes {
			w.Change(&want.changes[i])
		}
		for i := range want.ops {
			w.Op(&want.ops[i])
		}
		heads := []document.Head{{Hash: change.Hash{9}, Index: 0}, {Hash: change.Hash{1}, Index: len(want.changes) - 1}}
		chunk, err := w.Chunk(actors, heads)
		if err != nil {
			t.Fatal(err)
		}
		d, err := document.Parse(chunk)
		if err != nil {
			t.Fatal(err)
		}
		if d.Heads[0] != heads[1].Hash || d.HeadIndexes[0] != heads[1].Index || d.HeadIndexes[1] != 0 {
			t.Fatalf("heads %v at %v", d.Heads, d.HeadIndexes)
		}
		got, err := readHistory(d)
		if err != nil {
			t.Fatal(err)
		}
		compareHistories(t, got, &want)
		// Spans are the same rows.
		w.Reset()
		again, err := copySpans(&w, d)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, chunk) {
			t.Fatalf("in spans: %x, want %x", again, chunk)
		}
	})
}

func compareHistories(t *rapid.T, got, want *history) {
	t.Helper()
	if len(got.changes) != len(want.changes) || len(got.ops) != len(want.ops) {
		t.Fatalf("%d changes and %d ops, want %d and %d", len(got.changes), len(got.ops), len(want.changes), len(want.ops))
	}
	for i := range want.changes {
		if g, w := plainChange(got.changes[i]), plainChange(want.changes[i]); !reflect.DeepEqual(g, w) {
			t.Fatalf("change %d: %+v, want %+v", i, g, w)
		}
	}
	for i := range want.ops {
		if g, w := plainOp(got.ops[i]), plainOp(want.ops[i]); !reflect.DeepEqual(g, w) {
			t.Fatalf("op %d: %+v, want %+v", i, g, w)
		}
	}
}

// plainChange and plainOp make what is empty the same as nil.
func plainChange(c document.Change) document.Change {
	c.Deps = append([]int(nil), c.Deps...)
	c.Extra = append([]byte(nil), c.Extra...)
	return c
}

func plainOp(op document.Op) document.Op {
	op.Succ = append([]document.ID(nil), op.Succ...)
	op.Value.Raw = append([]byte(nil), op.Value.Raw...)
	return op
}

func TestAWriterUsedAgainAllocatesTheChunkOnly(t *testing.T) {
	op := document.Op{ID: document.ID{Counter: 7}, Key: document.Key{Name: "k"}, Action: change.ActionSet, Value: change.Text("v")}
	c := document.Change{Seq: 1, MaxOp: 7}
	var w document.Writer
	write := func() {
		w.Reset()
		w.Change(&c)
		w.Op(&op)
		if _, err := w.Chunk(actors[:1], nil); err != nil {
			t.Fatal(err)
		}
	}
	write()
	if n := testing.AllocsPerRun(10, write); n > 1 {
		t.Errorf("%v allocations", n)
	}
}
