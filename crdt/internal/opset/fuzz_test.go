package opset_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// FuzzLoad opens anything that is a document chunk: it fails, or the document
// can be read, written to, verified and saved, and says the same afterwards.
func FuzzLoad(f *testing.F) {
	var all map[string]struct{ Document []byte }
	if err := json.Unmarshal(unpack(f, "golden-3.5.0.json.gz"), &all); err != nil {
		f.Fatal(err)
	}
	for _, g := range all {
		if len(g.Document) < 4096 {
			f.Add(g.Document)
		}
	}
	hostile, _ := filepath.Glob("../document/testdata/hostile/*")
	upstream, _ := filepath.Glob("../../testdata/upstream/*/*")
	for _, name := range append(hostile, upstream...) {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, chunk []byte) {
		d, err := document.Parse(sealed(chunk))
		if err != nil || d.NumOps > 1<<16 || d.NumChanges > 1<<16 {
			return
		}
		s, err := opset.Load(me, d)
		if err != nil {
			return
		}
		said := content(s.Root())
		wrong := s.Verify()
		if wrong != nil && !errors.Is(wrong, opset.ErrDamaged) && !errors.Is(wrong, opset.ErrClosed) {
			t.Fatal(wrong)
		}
		if err := s.Put(s.Root(), "fuzzed", change.Int(1)); err != nil {
			return // its counters are used up
		}
		for _, op := range s.Root().Entries() {
			if op.Object != nil && op.Object.IsText() {
				if err := s.Splice(op.Object, sequence.UTF16, op.Object.Len(sequence.UTF16)/2, 1, "é"); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.Rollback()
		if got := content(s.Root()); got != said {
			t.Fatalf("rolled back it says\n%s, not\n%s", got, said)
		}
		if errors.Is(wrong, opset.ErrDamaged) {
			return
		}
		saved, err := s.Save()
		if err != nil {
			t.Fatal(err)
		}
		if got := content(reload(t, saved).Root()); got != said {
			t.Fatalf("saved and loaded it says\n%s, not\n%s", got, said)
		}
	})
}

// sealed gives a chunk the checksum that it should have.
func sealed(chunk []byte) []byte {
	if len(chunk) < 9 {
		return chunk
	}
	chunk = bytes.Clone(chunk)
	sum := sha256.Sum256(chunk[8:])
	copy(chunk[4:8], sum[:4])
	return chunk
}
