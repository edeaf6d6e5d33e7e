package crdt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// upstreams are the files of upstream's tests that can be loaded, and what they
// say.
var upstreams = map[string]string{
	// interop/README.md: as automerge export shows it. Its list of the contents
	// has another time, 877 ms earlier, and the file the one of the export.
	"exemplar": `{"bool":true,"bytes":"hW9Kgw==","counter":5,"fp":3.14159267,"int":-4,"location":"https://automerge.org/",` +
		`"notes":"🇬🇧👨‍👨‍👧‍👦😀","timestamp":"1941-04-26T08:17:01.000Z","title":"Hello 🇬🇧👨‍👨‍👧‍👦😀","uint":18446744073709551615}`,
	// rust/automerge/tests/test.rs, load: in any order.
	"fixtures/two_change_chunks.automerge":              `{"a":{"a":"b"}}`,
	"fixtures/two_change_chunks_compressed.automerge":   `{"a":{"a":"b"}}`,
	"fixtures/two_change_chunks_out_of_order.automerge": `{"a":{"a":"b"}}`,
	// rust/automerge/src/automerge/current_state.rs, test_load_changes.
	"fixtures/counter_value_is_ok.automerge": `{"a":2000}`,
	// rust/automerge/tests/rich_text_fuzz_crash.rs: load refuses it for a mark
	// that ends before it begins, and rescue reads this. To us that is a mark of
	// nothing.
	"fixtures/broken_zero_width_mark.automerge": `{"o1":"tsxs","text":""}`,
}

// loadStrange opens a file from outside, as whoever doesn't trust it should: its
// changes are parsed first, and those that a document stands for are made again.
func loadStrange(data []byte) (*crdt.Doc, error) {
	for rest := data; len(rest) > 0; {
		chunk, kind, after, err := change.Split(rest)
		if err == nil && kind != change.TypeDocument {
			_, err = change.Parse(chunk)
		}
		if err != nil {
			return nil, err
		}
		rest = after
	}
	d, err := crdt.Load(actor("reader"), data, crdt.Native())
	if err != nil {
		return nil, err
	}
	if _, err := d.Changes(nil); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// What upstream's own tests load says what they state, also after it was saved;
// all else is refused.
func TestUpstreamsFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/upstream/f*/*")
	if err != nil || len(files) < 17 {
		t.Fatal(files, err)
	}
	for _, file := range append(files, "testdata/upstream/exemplar") {
		name, err := filepath.Rel("testdata/upstream", file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, readable := upstreams[filepath.ToSlash(name)]
			d, err := loadStrange(data)
			if !readable {
				if err == nil {
					d.Close()
					t.Error("it is accepted")
				}
				t.Log(err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(d.Close)
			says(t, d, want)
			says(t, native(t, "later", save(t, d)), want)
		})
	}
}

// Whoever trusts a file that they shouldn't gets an error or a document, and no
// panic.
func TestUpstreamsFilesTakenForOnesOwn(t *testing.T) {
	files, _ := filepath.Glob("testdata/upstream/*/*")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d, err := crdt.Load(actor("reader"), data, crdt.Native())
		if err == nil {
			_, err = d.Change(func(root crdt.Map) error { return root.Set("a", 1) })
			_, listed := d.Changes(nil)
			_, saved := d.Save()
			err = errors.Join(err, listed, saved)
			d.Close()
		}
		if strings.Contains(fmt.Sprint(err), "panicked") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// The C binding's test of loading (doc_tests.c, test_AMload) wants four keys.
func TestUpstreamsLargeFile(t *testing.T) {
	data, err := os.ReadFile("testdata/upstream/brave-ape-49.automerge")
	if err != nil {
		t.Fatal(err)
	}
	d, err := loadStrange(data)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var root map[string]any
	if err := json.Unmarshal([]byte(content(t, d)), &root); err != nil {
		t.Fatal(err)
	}
	if keys := slices.Sorted(maps.Keys(root)); !slices.Equal(keys, []string{"assets", "data", "dom", "meta"}) {
		t.Errorf("its keys are %v", keys)
	}
	changes, err := d.Changes(nil)
	if err != nil || len(changes) != 184 { // as JavaScript 3.5 counts them
		t.Errorf("%d changes, %v", len(changes), err)
	}
}
