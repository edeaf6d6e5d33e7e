package crdt_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
)

// unheardOf is an action that this version doesn't know.
const unheardOf = change.ActionMark + 1

// future is a change of a newer version: it overwrites a, inserts into l
// something unknown, and a letter behind it.
func future(t *testing.T) *change.Change {
	t.Helper()
	id := func(n uint64) change.OpID { return change.OpID{Counter: n, Actor: actor("eve")} }
	return encoded(t, change.Draft{Actor: actor("eve"), Seq: 1, StartOp: 1, Ops: []change.Op{
		{Action: change.ActionSet, Key: change.MapKey("a"), Value: change.Int(1)},
		{Action: change.ActionMakeText, Key: change.MapKey("l")},
		{Action: unheardOf, Key: change.MapKey("a"), Value: change.Text("?"), Pred: []change.OpID{id(1)}},
		{Action: unheardOf, Obj: id(2), Key: change.ElemKey(change.OpID{}), Insert: true},
		{Action: change.ActionSet, Obj: id(2), Key: change.ElemKey(id(4)), Insert: true, Value: change.Text("x")},
		{Action: change.ActionSet, Key: change.MapKey("b"), Value: change.Bool(true)},
	}})
}

const futureSays = `{"b":true,"l":"x"}`

func encoded(t *testing.T, d change.Draft) *change.Change {
	t.Helper()
	c, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// futureChunk is the document chunk of that change.
func futureChunk(t *testing.T) []byte {
	t.Helper()
	var w document.Writer
	id := func(n uint32) document.ID { return document.ID{Counter: n} }
	w.Change(&document.Change{Seq: 1, MaxOp: 6})
	for _, op := range []document.Op{
		{ID: id(1), Key: document.Key{Name: "a"}, Action: change.ActionSet, Value: change.Int(1), Succ: []document.ID{id(3)}},
		{ID: id(3), Key: document.Key{Name: "a"}, Action: unheardOf, Value: change.Text("?")},
		{ID: id(6), Key: document.Key{Name: "b"}, Action: change.ActionSet, Value: change.Bool(true)},
		{ID: id(2), Key: document.Key{Name: "l"}, Action: change.ActionMakeText},
		{ID: id(4), Obj: id(2), Key: document.Key{InList: true}, Insert: true, Action: unheardOf},
		{ID: id(5), Obj: id(2), Key: document.Key{InList: true, Elem: id(4)}, Insert: true, Action: change.ActionSet, Value: change.Text("x")},
	} {
		w.Op(&op)
	}
	chunk, err := w.Chunk([]crdt.ActorID{actor("eve")}, []document.Head{{Hash: future(t).Hash}})
	if err != nil {
		t.Fatal(err)
	}
	return chunk
}

// body is a chunk's body: what was read of it, and what follows.
type body struct{ head, rest []byte }

func (b *body) uint() uint64 {
	v, n := binary.Uvarint(b.rest)
	b.head, b.rest = append(b.head, b.rest[:n]...), b.rest[n:]
	return v
}

func (b *body) skip(n uint64) { b.head, b.rest = append(b.head, b.rest[:n]...), b.rest[n:] }

// withColumn adds a column of ten bytes, which only newer versions know, behind
// the others of a table, before which size bytes of columns lie. It returns the
// new chunk's body.
func (b *body) withColumn(before uint64) []byte {
	count, at := b.uint(), len(b.head)
	number := len(b.head) - 1 // the tables here are short
	columns := before
	for range count {
		b.uint()
		columns += b.uint()
	}
	b.head[number] = byte(count + 1)
	table := append(b.head[at:len(b.head):len(b.head)], 0xc3, 1, 10)
	return slices.Concat(b.head[:at], table, b.rest[:columns], make([]byte, 10), b.rest[columns:])
}

func bodyOf(t *testing.T, chunk []byte) *body {
	t.Helper()
	_, n := binary.Uvarint(chunk[9:])
	return &body{rest: chunk[9+n:]}
}

// sealed makes a chunk of a body.
func sealed(kind byte, body []byte) []byte {
	chunk := append([]byte("\x85\x6f\x4a\x83\x00\x00\x00\x00"), kind)
	chunk = append(binary.AppendUvarint(chunk, uint64(len(body))), body...)
	sum := sha256.Sum256(chunk[8:])
	copy(chunk[4:], sum[:4])
	return chunk
}

// futureColumn adds a column to a change.
func futureColumn(t *testing.T, c *change.Change) *change.Change {
	t.Helper()
	b := bodyOf(t, c.Bytes())
	b.skip(b.uint() * change.HashSize) // deps
	b.skip(b.uint())                   // actor
	b.uint()                           // seq
	b.uint()                           // first operation
	b.uint()                           // time
	b.skip(b.uint())                   // message
	for range b.uint() {               // other actors
		b.skip(b.uint())
	}
	made, err := change.Parse(sealed(change.TypeChange, b.withColumn(0)))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// closedChunk adds a column to a document's operations, so that its changes
// can't be made again.
func closedChunk(t *testing.T, chunk []byte) []byte {
	t.Helper()
	b := bodyOf(t, chunk)
	for range b.uint() { // actors
		b.skip(b.uint())
	}
	b.skip(b.uint() * change.HashSize) // heads
	before := uint64(0)
	for range b.uint() { // change columns
		b.uint()
		before += b.uint()
	}
	return sealed(change.TypeDocument, b.withColumn(before))
}

// native opens a document in the native engine.
func native(t *testing.T, name string, data []byte) *crdt.Doc {
	t.Helper()
	d, err := crdt.Load(actor(name), data, crdt.Native())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func save(t *testing.T, d *crdt.Doc) []byte {
	t.Helper()
	data, err := d.Save()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// isReadOnly checks that a document says something, and can only be read.
func isReadOnly(t *testing.T, d *crdt.Doc, want string) {
	t.Helper()
	if !d.NewerFormat() {
		t.Error("it isn't told apart")
	}
	says(t, d, want)
	for _, opt := range []crdt.ChangeOption{nil, crdt.AllowEmpty()} {
		opts := slices.DeleteFunc([]crdt.ChangeOption{opt}, func(o crdt.ChangeOption) bool { return o == nil })
		c, err := d.Change(func(root crdt.Map) error { t.Error("it can be written to"); return nil }, opts...)
		if c != nil || !errors.Is(err, crdt.ErrNewerFormat) {
			t.Errorf("%v, %v, want ErrNewerFormat", c, err)
		}
	}
	says(t, d, want)
}

// What only a newer version knows shows nothing, though it overwrites; what is
// known can be read; and all of it goes on as it came.
func TestANewerFormatCanBeRead(t *testing.T) {
	known := encoded(t, change.Draft{
		Actor: actor("eve"), Seq: 1, StartOp: 1,
		Ops: []change.Op{{Action: change.ActionSet, Key: change.MapKey("a"), Value: change.Int(1)}},
	})
	for name, test := range map[string]struct {
		data []byte
		says string
		made *change.Change
	}{
		"actions in a change":   {future(t).Bytes(), futureSays, future(t)},
		"actions in a document": {futureChunk(t), futureSays, future(t)},
		"a column in a change":  {futureColumn(t, known).Bytes(), `{"a":1}`, futureColumn(t, known)},
	} {
		t.Run(name, func(t *testing.T) {
			d := native(t, "ada", test.data)
			isReadOnly(t, d, test.says)
			next := encoded(t, change.Draft{
				Actor: actor("bob"), Seq: 1, StartOp: 10, Deps: []change.Hash{test.made.Hash},
				Ops: []change.Op{{Action: change.ActionDelete, Key: change.MapKey("a"), Pred: []change.OpID{{Counter: 1, Actor: actor("eve")}}}},
			})
			forked, err := d.Fork(actor("fork"))
			if err != nil {
				t.Fatal(err)
			}
			merged := native(t, "merged", nil)
			if err := errors.Join(d.Apply(next.Bytes()), merged.Merge(d), forked.Merge(merged)); err != nil {
				t.Fatal(err)
			}
			for _, d := range []*crdt.Doc{d, forked, merged, native(t, "later", save(t, d))} {
				isReadOnly(t, d, content(t, merged))
				changes, err := d.Changes(nil)
				if err != nil || len(changes) != 2 {
					t.Fatal(changes, err)
				}
				if !bytes.Equal(changes[0].Bytes(), test.made.Bytes()) || !bytes.Equal(changes[1].Bytes(), next.Bytes()) {
					t.Error("a change isn't what it was")
				}
			}
		})
	}
}

func TestBeforeANewerFormatCameADocumentCanBeWritten(t *testing.T) {
	d := native(t, "ada", nil)
	before := edit(t, d, func(root crdt.Map) error { return root.Set("n", 1) })
	missing := encoded(t, change.Draft{Actor: actor("bob"), Seq: 2, StartOp: 9})
	if err := d.Apply(future(t).Bytes(), missing.Bytes()); err == nil || d.NewerFormat() {
		t.Errorf("%v, %v: of a batch that isn't whole something stays", err, d.NewerFormat())
	}
	if err := d.Apply(future(t).Bytes()); err != nil {
		t.Fatal(err)
	}
	isReadOnly(t, d, `{"b":true,"l":"x","n":1}`)
	past, err := d.Fork(actor("past"), before.Hash)
	if err != nil {
		t.Fatal(err)
	}
	edit(t, past, func(root crdt.Map) error { return root.Set("n", 2) })
	if err := d.Merge(past); err != nil {
		t.Fatal(err)
	}
	isReadOnly(t, d, `{"b":true,"l":"x","n":2}`)
	if err := d.Revert([]crdt.Hash{before.Hash}); err != nil {
		t.Fatal(err)
	}
	edit(t, d, func(root crdt.Map) error { return root.Set("n", 3) })
}

// A document chunk with unknown columns stays as it is: its changes can't be told
// apart, but later ones follow it.
func TestAChunkThatCantBeTakenApartStaysAsItCame(t *testing.T) {
	chunk := closedChunk(t, futureChunk(t))
	d := native(t, "ada", chunk)
	isReadOnly(t, d, futureSays)
	if !bytes.Equal(save(t, d), chunk) {
		t.Error("it is saved as something else")
	}
	one := encoded(t, change.Draft{
		Actor: actor("eve"), Seq: 2, StartOp: 7, Deps: []change.Hash{future(t).Hash},
		Ops: []change.Op{{Action: change.ActionSet, Key: change.MapKey("c"), Value: change.Int(1)}},
	})
	two := encoded(t, change.Draft{
		Actor: actor("bob"), Seq: 1, StartOp: 8, Deps: []change.Hash{one.Hash},
		Ops: []change.Op{{Action: change.ActionDelete, Key: change.MapKey("c"), Pred: []change.OpID{{Counter: 7, Actor: actor("eve")}}}},
	})
	inside := encoded(t, change.Draft{Actor: actor("zoe"), Seq: 1, StartOp: 3, Deps: []change.Hash{{1, 2, 3}}})
	if err := d.Apply(one.Bytes(), inside.Bytes()); !errors.Is(err, crdt.ErrNewerFormat) {
		t.Errorf("a change that depends on what may be inside: %v", err)
	}
	isReadOnly(t, d, futureSays)
	if err := d.Apply(future(t).Bytes(), one.Bytes()); err != nil { // the first is inside
		t.Fatal(err)
	}
	isReadOnly(t, d, `{"b":true,"c":1,"l":"x"}`)
	forked, err := d.Fork(actor("fork"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(forked.Apply(two.Bytes()), d.Merge(forked)); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*crdt.Doc{d, forked, native(t, "later", save(t, d))} {
		isReadOnly(t, d, futureSays)
		if want := slices.Concat(chunk, one.Bytes(), two.Bytes()); !bytes.Equal(save(t, d), want) {
			t.Error("it is saved as something else")
		}
		changes, err := d.Changes([]crdt.Hash{future(t).Hash})
		if err != nil || len(changes) != 2 || changes[0].Hash != one.Hash || changes[1].Hash != two.Hash {
			t.Errorf("after the chunk come %v, %v", changes, err)
		}
		if _, err := d.Changes(nil); !errors.Is(err, crdt.ErrNewerFormat) || errors.Is(err, crdt.ErrEngine) {
			t.Errorf("all changes: %v", err)
		}
		if err := native(t, "empty", nil).Merge(d); !errors.Is(err, crdt.ErrNewerFormat) {
			t.Errorf("merged: %v", err)
		}
		if err := d.Verify(); !errors.Is(err, crdt.ErrNewerFormat) || errors.Is(err, crdt.ErrDamaged) {
			t.Errorf("verified: %v", err)
		}
		err = d.ViewAt([]crdt.Hash{one.Hash}, func(root crdt.Map) error {
			if !root.Has("c") {
				t.Error("its past isn't what it was")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if err := d.Revert([]crdt.Hash{one.Hash}); err != nil {
		t.Error(err)
	}
	isReadOnly(t, d, `{"b":true,"c":1,"l":"x"}`)
}

func TestTheReferenceDoesntOpenNewerFormats(t *testing.T) {
	needsReference(t)
	d := open(t, "ada", crdt.Reference(), func(root crdt.Map) error { return root.Set("a", 1) })
	if err := d.Apply(future(t).Bytes()); !errors.Is(err, crdt.ErrNewerFormat) {
		t.Errorf("%v, want ErrNewerFormat", err)
	}
	says(t, d, `{"a":1}`)
	for _, data := range [][]byte{future(t).Bytes(), futureChunk(t), closedChunk(t, futureChunk(t))} {
		if _, err := crdt.Load(actor("ada"), data, crdt.Reference()); !errors.Is(err, crdt.ErrNewerFormat) {
			t.Errorf("%v, want ErrNewerFormat", err)
		}
	}
}

func TestABundleIsOfANewerFormat(t *testing.T) {
	if _, err := crdt.Load(actor("ada"), sealed(change.TypeBundle, []byte{1}), crdt.Native()); !errors.Is(err, crdt.ErrNewerFormat) {
		t.Errorf("%v, want ErrNewerFormat", err)
	}
}
