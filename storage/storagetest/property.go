package storagetest

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

// testModel does random things to a store and to a model, and compares them.
func testModel(t *testing.T, open Open, reopen bool) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "") //nolint:usetesting // one for each of many checks of one test
		if err != nil {
			rt.Fatal(err)
		}
		run := &walk{rt: rt, store: open(t, dir), model: NewModel()}
		defer func() {
			if err := run.store.Close(); err != nil {
				rt.Fatal(err)
			}
		}()
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			case 0:
				if reopen {
					run.reopen(t, open, dir)
				}
			case 1:
				Compare(rt, run.store, run.model)
			case 2, 3:
				run.purge()
			case 4:
				run.renew()
			default:
				run.commit()
			}
		}
		Compare(rt, run.store, run.model)
	})
}

// walk is one random run.
type walk struct {
	rt    *rapid.T
	store Store
	model *Model
	seq   uint64 // authors so far
}

func (w *walk) reopen(t *testing.T, open Open, dir string) {
	life := w.store.Incarnation()
	if err := w.store.Close(); err != nil {
		w.rt.Fatal(err)
	}
	w.store = open(t, dir)
	if w.store.Incarnation() != life {
		w.rt.Fatal("the incarnation changed")
	}
}

// purge purges a document that may be there or not, with entries beside it.
func (w *walk) purge() {
	id, beside := w.document(rapid.IntRange(0, 2).Draw(w.rt, "collection")), new(storage.Batch)
	w.entries(beside)
	if w.model.Documents[id] == nil {
		if err := w.store.Purge(background, id, beside); !errors.Is(err, storage.ErrNotFound) {
			w.rt.Fatalf("purge: got %v, want %v", err, storage.ErrNotFound)
		}
		return
	}
	if err := w.store.Purge(background, id, beside); err != nil {
		w.rt.Fatal("purge:", err)
	}
	w.model.Purge(id)
	w.model.Apply(beside)
}

func (w *walk) renew() {
	life := w.store.Incarnation()
	in, err := w.store.Renew(background)
	if err != nil || in == life || in != w.store.Incarnation() {
		w.rt.Fatalf("renew: %s after %s, the store says %s (%v)", in, life, w.store.Incarnation(), err)
	}
}

func (w *walk) document(collection int) docid.ID {
	return ID(byte('a'+collection), rapid.Uint32Range(0, 2).Draw(w.rt, "document"))
}

// commit submits a few batches at once, of which some conflict, and waits for
// their outcomes.
func (w *walk) commit() {
	n := rapid.IntRange(1, 4).Draw(w.rt, "batches")
	outcomes := make(chan error, n)
	var want []error
	for range n {
		b := w.batch()
		var seq storage.Seq
		conflict := w.model.Conflicts(b)
		if !conflict {
			seq = w.model.Apply(b)
		}
		want = append(want, nil)
		w.store.Submit(b, func(got storage.Seq, err error) {
			switch {
			case conflict && errors.Is(err, storage.ErrConflict):
				err = nil
			case conflict:
				err = fmt.Errorf("got %w, want a conflict", err)
			case err == nil && got != seq:
				err = fmt.Errorf("got %d, want %d", got, seq)
			}
			outcomes <- err
		})
	}
	for range want {
		if err := <-outcomes; err != nil {
			w.rt.Fatal(err)
		}
	}
}

func (w *walk) batch() *storage.Batch {
	b := new(storage.Batch)
	for i := range rapid.IntRange(0, 3).Draw(w.rt, "appends") {
		id := w.document(i)
		a := storage.Append{Document: id, Base: w.model.Length(id), Changes: w.changes(id)}
		if rapid.IntRange(0, 7).Draw(w.rt, "wrong base") == 0 {
			a.Base += rapid.IntRange(1, 5).Draw(w.rt, "ahead")
		}
		if rapid.Bool().Draw(w.rt, "foreign") {
			a.Origin = storage.Incarnation{7}
		}
		b.Appends = append(b.Appends, a)
	}
	w.entries(b)
	return b
}

// entries has a batch put and delete some.
func (w *walk) entries(b *storage.Batch) {
	key := rapid.Map(rapid.IntRange(0, 9), func(i int) []byte { return fmt.Appendf(nil, "key %d", i) })
	for range rapid.IntRange(0, 3).Draw(w.rt, "puts") {
		value := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(w.rt, "value")
		b.Puts = append(b.Puts, storage.Entry{Key: key.Draw(w.rt, "key"), Value: value})
	}
	for range rapid.IntRange(0, 2).Draw(w.rt, "deletes") {
		b.Deletes = append(b.Deletes, key.Draw(w.rt, "key"))
	}
}

// changes makes changes on top of none, some or all of a document's heads.
func (w *walk) changes(id docid.ID) []*change.Change {
	var heads []change.Hash
	if d := w.model.Documents[id]; d != nil {
		heads = d.Heads
	}
	var out []*change.Change
	for range rapid.IntRange(1, 5).Draw(w.rt, "changes") {
		w.seq++
		size := rapid.OneOf(rapid.IntRange(0, 200), rapid.IntRange(0, 200), rapid.IntRange(60_000, 300_000)).Draw(w.rt, "size")
		deps := heads[:rapid.IntRange(0, len(heads)).Draw(w.rt, "deps")]
		c, err := NewAuthor(w.seq).write(size, deps)
		if err != nil {
			w.rt.Fatal(err)
		}
		out = append(out, c)
		if rapid.Bool().Draw(w.rt, "chain") {
			heads = []change.Hash{c.Hash}
		}
	}
	return out
}
