package document_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
)

// oneOp is a document of one operation.
func oneOp(t *testing.T, edit func(*document.Op)) []byte {
	t.Helper()
	op := document.Op{ID: document.ID{Counter: 1}, Key: document.Key{Name: "k"}, Action: change.ActionSet, Value: change.Text("v")}
	edit(&op)
	var w document.Writer
	w.Change(&document.Change{Seq: 1, MaxOp: 1})
	w.Op(&op)
	chunk, err := w.Chunk(actors[:1], []document.Head{{Hash: change.Hash{1}}})
	if err != nil {
		t.Fatal(err)
	}
	return chunk
}

func TestWhatOnlyANewerVersionKnowsIsFlagged(t *testing.T) {
	for name, chunk := range map[string][]byte{
		"action":        oneOp(t, func(op *document.Op) { op.Action = change.ActionMark + 1 }),
		"op column":     document.Seal([]byte{0, 0, 0, 1, 0x80 | 0x40, 3, 1, 0xff}),
		"change column": document.Seal([]byte{0, 0, 1, 0x80 | 0x40, 3, 1, 0, 0xff}),
	} {
		if !parse(t, chunk).NewerFormat {
			t.Errorf("%s: not flagged", name)
		}
	}
	if d := parse(t, oneOp(t, func(*document.Op) {})); d.NewerFormat {
		t.Error("today's format is flagged")
	}
}

func TestRowsThatNoChangeCouldHaveBroughtAreRefused(t *testing.T) {
	for name, edit := range map[string]func(*document.Op){
		"actor":         func(op *document.Op) { op.ID.Actor = 1 },
		"id: counter":   func(op *document.Op) { op.ID.Counter = 1 << 31 },
		"id: counter ":  func(op *document.Op) { op.ID.Counter = 0 },
		"object: actor": func(op *document.Op) { op.Obj = document.ID{Counter: 1, Actor: 1} },
		"the root":      func(op *document.Op) { op.Key = document.Key{InList: true, Elem: document.ID{Counter: 1}} },
		"the head":      func(op *document.Op) { op.Obj.Counter, op.Key = 1, document.Key{InList: true} },
		"key: actor": func(op *document.Op) {
			op.Obj.Counter, op.Key = 1, document.Key{InList: true, Elem: document.ID{Counter: 1, Actor: 7}}
		},
		"successors": func(op *document.Op) { op.Succ = []document.ID{{Counter: 2, Actor: 1}} },
		"value":      func(op *document.Op) { op.Value = change.Value{Type: change.ValueInt, Raw: []byte{0x80, 0}} },
		"delete":     func(op *document.Op) { op.Action = change.ActionDelete },
		"increment":  func(op *document.Op) { op.Action = change.ActionIncrement },
		"op row 0: key:": func(op *document.Op) {
			op.Obj.Counter, op.Key = 1, document.Key{InList: true, Elem: document.ID{Counter: 1 << 31}}
		},
	} {
		err := readAll(oneOp(t, edit))
		if !errors.Is(err, document.ErrInvalid) || !strings.Contains(err.Error(), strings.TrimSpace(name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBrokenChunksAreRefused(t *testing.T) {
	good := oneOp(t, func(*document.Op) {})
	edit := func(at int, b byte) []byte {
		chunk := append([]byte(nil), good...)
		chunk[at] ^= b
		return chunk
	}
	for name, chunk := range map[string][]byte{
		"nothing":               nil,
		"wrong magic":           edit(0, 1),
		"checksum":              edit(5, 1),
		"of another type":       edit(8, 1),
		"cut off":               good[:len(good)-1],
		"followed by something": append(append([]byte(nil), good...), 0),
		"bytes after the end":   document.Seal(append(append([]byte(nil), bodyOf(good)...), 0)),
		"actors out of order":   document.Seal([]byte{2, 1, 'b', 1, 'a', 0, 0, 0}),
		"an actor twice":        document.Seal([]byte{2, 1, 'a', 1, 'a', 0, 0, 0}),
		"an empty actor":        document.Seal([]byte{1, 0, 0, 0, 0}),
		"too many actors":       document.Seal([]byte{0xff, 0xff, 0xff, 0x7f, 0, 0, 0}),
		"columns out of order":  document.Seal([]byte{0, 0, 2, 3, 0, 1, 0, 0}),
		"a column twice":        document.Seal([]byte{0, 0, 2, 1, 0, 9, 0, 0}),
		"heads of no changes":   document.Seal(append(append([]byte{0, 1}, make([]byte, change.HashSize)...), 0, 0)),
		"changes without heads": document.Seal([]byte{1, 1, 'a', 0, 1, 1, 2, 0, 0x7f, 0}),
		"endless changes":       document.Seal([]byte{1, 1, 'a', 0, 1, 1, 6, 0, 0x80, 0x80, 0x80, 0x80, 0x10, 0}),
		"endless operations":    document.Seal([]byte{0, 0, 0, 1, 66, 6, 0x80, 0x80, 0x80, 0x80, 0x10, 1}),
	} {
		if _, err := document.Parse(chunk); !errors.Is(err, document.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Older versions end a document without the indexes of its heads.
func TestHeadsMayLackTheirIndexes(t *testing.T) {
	body := bodyOf(oneOp(t, func(*document.Op) {}))
	d := parse(t, document.Seal(body[:len(body)-1]))
	if d.HeadIndexes != nil || len(d.Heads) != 1 {
		t.Errorf("heads %v at %v", d.Heads, d.HeadIndexes)
	}
}

func TestWhatCouldNotBeReadBackIsNotWritten(t *testing.T) {
	for name, write := range map[string]func(*document.Writer){
		"rows":       func(w *document.Writer) { w.Span(&document.Span{Rows: document.MaxRows + 1}, nil) },
		"successors": func(w *document.Writer) { w.Span(&document.Span{Rows: 2, Succs: document.MaxRows}, nil) },
		"changes":    func(w *document.Writer) { w.Changes(&document.ChangeSpan{Rows: document.MaxChanges + 1}, nil) },
	} {
		var w document.Writer
		write(&w)
		if _, err := w.Chunk(nil, nil); !errors.Is(err, document.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
