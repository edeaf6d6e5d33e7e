package opset_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
)

// unpack reads a gzipped file of the recorded documents.
func unpack(tb testing.TB, name string) []byte {
	tb.Helper()
	packed, err := os.ReadFile("../document/testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		tb.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

const me = change.ActorID("the reader's own")

func load(tb testing.TB, chunk []byte) *opset.Set {
	tb.Helper()
	d, err := document.Parse(chunk)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := opset.Load(me, d)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// rows returns all that a document chunk says, but for how it is compressed.
func rows(tb testing.TB, chunk []byte) (ops []document.Op, changes []document.Change) {
	tb.Helper()
	d, err := document.Parse(chunk)
	if err != nil {
		tb.Fatal(err)
	}
	for r := d.Rows(); ; {
		var op document.Op
		if more, err := r.Op(&op); err != nil {
			tb.Fatal(err)
		} else if !more {
			break
		}
		ops = append(ops, op)
	}
	for r := d.Changes(); ; {
		var c document.Change
		if more, err := r.Change(&c); err != nil {
			tb.Fatal(err)
		} else if !more {
			break
		}
		changes = append(changes, c)
	}
	return ops, changes
}

// same verifies that two chunks say the same.
func same(t *testing.T, got, want []byte) {
	t.Helper()
	sameOps(t, got, want)
	_, gotChanges := rows(t, got)
	_, wantChanges := rows(t, want)
	for i := range wantChanges {
		a, b := gotChanges[i], wantChanges[i]
		if !slices.Equal(a.Deps, b.Deps) || !bytes.Equal(a.Extra, b.Extra) || a.Actor != b.Actor || a.Seq != b.Seq || a.MaxOp != b.MaxOp || a.Time != b.Time || a.Message != b.Message {
			t.Fatalf("change %d is\n%+v, want\n%+v", i, a, b)
		}
	}
}

// sameOps verifies that two chunks hold the same operations, and as many changes.
func sameOps(t *testing.T, got, want []byte) {
	t.Helper()
	gotOps, gotChanges := rows(t, got)
	wantOps, wantChanges := rows(t, want)
	if len(gotOps) != len(wantOps) || len(gotChanges) != len(wantChanges) {
		t.Fatalf("%d operations, %d changes; want %d, %d", len(gotOps), len(gotChanges), len(wantOps), len(wantChanges))
	}
	for i := range wantOps {
		a, b := gotOps[i], wantOps[i]
		if !slices.Equal(a.Succ, b.Succ) || !bytes.Equal(a.Value.Raw, b.Value.Raw) || a.ID != b.ID || a.Obj != b.Obj || a.Key != b.Key ||
			a.Insert != b.Insert || a.Action != b.Action || a.Value.Type != b.Value.Type || a.Mark != b.Mark || a.Marked != b.Marked || a.Expand != b.Expand {
			t.Fatalf("operation %d is\n%+v, want\n%+v", i, a, b)
		}
	}
}

// Documents that JavaScript saved: the changes that they are made of can be
// rebuilt with their hashes, and applied one by one they make the same document.
func TestRecorded(t *testing.T) {
	for _, version := range []string{"golden-3.5.0.json.gz", "golden-2.2.9.json.gz"} {
		var all map[string]struct {
			Document []byte
			Changes  []string
		}
		if err := json.Unmarshal(unpack(t, version), &all); err != nil {
			t.Fatal(err)
		}
		for name, g := range all {
			t.Run(version+"/"+name, func(t *testing.T) {
				if testing.Short() && strings.Contains(name, "0,000") {
					t.Skip("long")
				}
				checkDocument(t, g.Document, g.Changes)
			})
		}
	}
	t.Run("the editing trace", func(t *testing.T) {
		if testing.Short() {
			t.Skip("long")
		}
		checkDocument(t, unpack(t, "trace.automerge.gz"), nil)
	})
}

func checkDocument(t *testing.T, chunk []byte, hashes []string) {
	s := load(t, chunk)
	if err := s.Verify(); err != nil {
		t.Fatal(err)
	}
	saved, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	same(t, saved, chunk)

	changes, err := s.Changes(nil)
	if err != nil {
		t.Fatal(err)
	}
	again := opset.New(me)
	for i, b := range changes {
		c, err := change.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if hashes != nil && c.Hash.String() != hashes[i] {
			t.Fatalf("change %d is %s, want %s", i, c.Hash, hashes[i])
		}
		if err := again.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	if saved, err = again.Save(); err != nil {
		t.Fatal(err)
	}
	same(t, saved, chunk)
}
