package crdt_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
)

// fromJS opens the document that testdata/javascript.mjs made.
func fromJS(t *testing.T) *crdt.Doc {
	t.Helper()
	saved, err := os.ReadFile("testdata/javascript-3.5.0.automerge")
	if err != nil {
		t.Fatal(err)
	}
	d, err := crdt.Load(actor("go"), saved)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func TestWhatJavaScriptWritesIsRead(t *testing.T) {
	d := fromJS(t)
	kinds := map[string]crdt.Kind{
		"text": crdt.KindText, "plain": crdt.KindString, "date": crdt.KindTime, "bytes": crdt.KindBytes,
		"uint": crdt.KindUint, "big": crdt.KindInt, "float": crdt.KindFloat, "nan": crdt.KindFloat,
		"none": crdt.KindNull, "hits": crdt.KindCounter, "list": crdt.KindList, "both": crdt.KindText,
	}
	if err := d.View(func(root crdt.Map) error {
		for key, v := range root.All() {
			if v.Kind() != kinds[key] {
				t.Errorf("%s is %s, want %s", key, v.Kind(), kinds[key])
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	says(t, d, `{"big":9007199254740991,"both":"theirs","bytes":"AAH+","date":"2023-11-14T22:13:20.123Z",`+
		`"float":0.1,"hits":7,"list":["three",[1],{"deep":{"deeper":true}}],"nan":"NaN","none":null,`+
		`"plain":"as a whole","text":"The `+"\ufffc"+`quick 🦊 jumps","uint":7}`)
	if ops := reconcile(t, d, content(t, d), true); ops != 0 {
		t.Errorf("what it says, written back, takes %d operations", ops)
	}
}

// inJS is a document as JavaScript sees it.
type inJS struct {
	Heads     []string
	Doc       map[string]any
	Marks     []any
	Spans     []any
	Conflicts map[string]any
}

// needsJavaScript skips a test where JavaScript can't be asked, or fails it where
// it must be there.
func needsJavaScript(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "js" {
		t.Skip("it can't start Node")
	}
	if _, err := os.Stat("../internal/interop/node_modules/@automerge/automerge"); err != nil {
		if os.Getenv("GODWIT_INTEROP") == "required" {
			t.Fatal(err)
		}
		t.Skip("the JavaScript Automerge is missing: run npm ci in internal/interop")
	}
}

func readInJS(t *testing.T, d *crdt.Doc) inJS {
	t.Helper()
	saved, err := d.Save()
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("testdata/javascript.mjs")
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", script, "read")
	node.Dir, node.Stdin, node.Stderr = "../internal/interop", bytes.NewReader(saved), os.Stderr
	out, err := node.Output()
	if err != nil {
		t.Fatal(err)
	}
	var seen inJS
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	var heads []string
	for _, h := range d.Heads() {
		heads = append(heads, h.String())
	}
	if !reflect.DeepEqual(seen.Heads, heads) {
		t.Errorf("in JavaScript the heads are %v, here %v", seen.Heads, heads)
	}
	return seen
}

// TestWhatJavaScriptWroteSurvivesEdits: marks, blocks and conflicts, of which
// this package knows nothing, are there after edits beside and inside them.
func TestWhatJavaScriptWroteSurvivesEdits(t *testing.T) {
	d := fromJS(t)
	needsJavaScript(t)
	before := readInJS(t, d)
	if len(before.Spans) != 5 || len(before.Marks) != 2 || len(before.Conflicts) != 2 {
		t.Fatalf("the document is %+v", before)
	}
	edit(t, d, func(root crdt.Map) error {
		text := root.Get("text").Text()
		return errors.Join(
			text.Set(strings.Replace(text.String(), "quick", "quickest", 1)), text.Append(" high"), text.Insert(0, "See: "),
			root.Increment("hits", 1), root.Set("plain", "as one"), root.Set("new", crdt.Uint64(1)),
			root.Get("list").List().Insert(0, noon, []byte{9}),
		)
	})
	after := readInJS(t, d)
	want := before
	want.Doc["text"] = "See: The \ufffcquickest 🦊 jumps high"
	want.Doc["hits"], want.Doc["plain"] = 8.0, "as one"
	want.Doc["new"] = after.Doc["new"]
	want.Doc["list"] = append([]any{"2024-05-06T12:00:00.007Z", map[string]any{"bytes": []any{9.0}}}, want.Doc["list"].([]any)...)
	if !reflect.DeepEqual(after.Doc, want.Doc) {
		t.Errorf("the document is\n%v, want\n%v", after.Doc, want.Doc)
	}
	if !reflect.DeepEqual(after.Conflicts, before.Conflicts) {
		t.Errorf("conflicts %v, want %v", after.Conflicts, before.Conflicts)
	}
	block := func(s inJS) any {
		for _, span := range s.Spans {
			if span := span.(map[string]any); span["type"] == "block" {
				return span
			}
		}
		return nil
	}
	if block(after) == nil || !reflect.DeepEqual(block(after), block(before)) {
		t.Errorf("the block is %v, want %v", block(after), block(before))
	}
	marks, _ := json.Marshal(after.Marks)
	if want := `[{"end":18,"name":"bold","start":9,"value":true},{"end":21,"name":"link","start":5,"value":"https://example.org"}]`; string(marks) != want {
		t.Errorf("the marks are\n%s, want\n%s", marks, want)
	}
}

func TestWhatGoWritesIsReadInJavaScript(t *testing.T) {
	d := newDoc(t, "ada", nil)
	needsJavaScript(t)
	edit(t, d, func(root crdt.Map) error {
		for i, w := range written {
			switch w.value.(type) {
			case crdt.Int64, crdt.Uint64: // JavaScript can't read these
				continue
			}
			if err := root.Set(strings.Repeat("x", i+1), w.value); err != nil {
				return err
			}
		}
		return nil
	})
	if seen := readInJS(t, d); len(seen.Doc) != len(written)-2 {
		t.Errorf("JavaScript sees %d values, want %d", len(seen.Doc), len(written)-2)
	}
}
