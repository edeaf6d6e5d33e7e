package opset_test

import (
	"errors"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
)

// forged is a document of two changes and a list, of which everything may be
// wrong.
func forged(t *testing.T, edit func(changes []document.Change, ops []document.Op, heads []document.Head)) *document.Document {
	t.Helper()
	s := opset.New(eve)
	list, err := s.PutObject(s.Root(), "l", change.ActionMakeList)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit("", 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Insert(list, 0, 0, change.Int(1)); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteAt(list, 0, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit("", 0); err != nil {
		t.Fatal(err)
	}
	saved, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	ops, changes := rows(t, saved)
	heads := []document.Head{{Hash: s.Heads()[0], Index: 1}}
	edit(changes, ops, heads)
	var w document.Writer
	w.Reset()
	for i := range changes {
		w.Change(&changes[i])
	}
	for i := range ops {
		w.Op(&ops[i])
	}
	chunk, err := w.Chunk([]change.ActorID{eve}, heads)
	if err != nil {
		t.Fatal(err)
	}
	d, err := document.Parse(chunk)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestForged(t *testing.T) {
	for what, edit := range map[string]func(changes []document.Change, ops []document.Op, heads []document.Head){
		"nothing": nil,
		"an operation that no change has": func(_ []document.Change, ops []document.Op, _ []document.Head) {
			ops[1].ID.Counter = 9
		},
		"a successor that no change has": func(_ []document.Change, ops []document.Op, _ []document.Head) {
			ops[1].Succ[0].Counter = 9
		},
		"a head that is another change": func(_ []document.Change, _ []document.Op, heads []document.Head) {
			heads[0].Index = 0
		},
		"a dependency that comes later": func(changes []document.Change, _ []document.Op, _ []document.Head) {
			changes[1].Deps[0] = 7
		},
	} {
		t.Run(what, func(t *testing.T) {
			d := forged(t, func(changes []document.Change, ops []document.Op, heads []document.Head) {
				if edit != nil {
					edit(changes, ops, heads)
				}
			})
			s, err := opset.Load(eve, d)
			if err == nil {
				err = s.Verify()
			}
			if edit == nil && err != nil || edit != nil && !errors.Is(err, opset.ErrDamaged) {
				t.Fatal(err)
			}
		})
	}
}
