package crdt_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
)

// A tale is what three people did to a text with @automerge/automerge
// (testdata/richtext.mjs).
type tale struct {
	Seed  int
	Base  [][]byte
	Steps []struct {
		Who       int
		From      *int // a merge
		Edits     []richEdit
		Heads     []string
		Positions []*int // of all cursors that there are by then
	}
	Cursors []crdt.Cursor
	End     struct {
		Heads     []string
		Text      string
		Spans     []any
		Positions []*int
	}
}

type richEdit struct {
	Do           string
	Pos, Del     int
	Start, End   int
	Insert, Name string
	Value        any
	Expand, Move string
	Attrs        map[string]any
	Cursor       crdt.Cursor
}

// goValue returns what is to be written so that it is what JavaScript writes:
// there, whole numbers in blocks are integers if they are positive.
func goValue(v any) any {
	switch v := v.(type) {
	case float64:
		if v > 0 && v == float64(int(v)) {
			return int(v)
		}
	case []any:
		for i := range v {
			v[i] = goValue(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = goValue(v[key])
		}
	}
	return v
}

func (e *richEdit) edit(text crdt.Text) error {
	expand := map[string]crdt.Expand{"before": crdt.ExpandBefore, "after": crdt.ExpandAfter, "both": crdt.ExpandBoth}[e.Expand]
	attributes, _ := goValue(e.Attrs).(map[string]any)
	switch e.Do {
	case "splice":
		return text.Splice(e.Pos, e.Del, e.Insert)
	case "mark":
		return text.Mark(e.Start, e.End, e.Name, goValue(e.Value), expand)
	case "unmark":
		return text.Unmark(e.Start, e.End, e.Name, expand)
	case "split":
		return text.SplitBlock(e.Pos, attributes)
	case "join":
		return text.JoinBlock(e.Pos)
	case "update":
		return text.UpdateBlock(e.Pos, attributes)
	case "cursor":
		move := crdt.MoveAfter
		if e.Move == "before" {
			move = crdt.MoveBefore
		}
		c, err := text.Cursor(e.Pos, move)
		if c != e.Cursor {
			return errors.Join(fmt.Errorf("the cursor is %s", c), err)
		}
		return err
	}
	return fmt.Errorf("an unknown edit: %s", e.Do)
}

// tell lets the tale happen here, and checks it on the way.
func (y *tale) tell(t *testing.T) *crdt.Doc {
	t.Helper()
	var all []*crdt.Doc
	for _, actor := range []string{"\xaa", "\xbb", "\x0c"} {
		id := slices.Repeat([]byte(actor), 16)
		d, err := crdt.Load(crdt.ActorID(id), slices.Concat(y.Base...), crdt.Native(), crdt.Positions(crdt.UTF16))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.Close)
		all = append(all, d)
	}
	for n, step := range y.Steps {
		d := all[step.Who]
		if step.From != nil {
			if err := d.Merge(all[*step.From]); err != nil {
				t.Fatal(err)
			}
		} else {
			edit(t, d, func(root crdt.Map) error {
				for _, e := range step.Edits {
					if err := e.edit(root.Get("text").Text()); err != nil {
						return fmt.Errorf("step %d, %+v: %w", n, e, err)
					}
				}
				return nil
			})
			if got := hashes(d); !reflect.DeepEqual(got, step.Heads) {
				t.Fatalf("step %d, %+v: the heads are %s, want %s", n, step.Edits, got, step.Heads)
			}
		}
		y.positions(t, d, step.Positions)
	}
	for _, other := range all[1:] {
		if err := all[0].Merge(other); err != nil {
			t.Fatal(err)
		}
	}
	return all[0]
}

func hashes(d *crdt.Doc) (out []string) {
	for _, h := range d.Heads() {
		out = append(out, h.String())
	}
	return out
}

// positions checks where the cursors are that there have been so far.
func (y *tale) positions(t *testing.T, d *crdt.Doc, want []*int) {
	t.Helper()
	view(t, d, func(root crdt.Map) (any, error) {
		for i, want := range want {
			got, err := root.Get("text").Text().Position(y.Cursors[i])
			switch {
			case want == nil && !errors.Is(err, crdt.ErrCursor):
				t.Fatalf("%s is at %d, %v, and nowhere in JavaScript", y.Cursors[i], got, err)
			case want != nil && (err != nil || got != *want):
				t.Fatalf("%s is at %d, %v, want %d in %q", y.Cursors[i], got, err, *want, root.Get("text").Str())
			}
		}
		return nil, nil
	})
}

// spansOf returns the spans of a text as JavaScript prints them.
func spansOf(t *testing.T, text crdt.Text) (out []any) {
	t.Helper()
	spans, err := text.Spans()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range spans {
		if s.Block.Exists() {
			out = append(out, map[string]any{"type": "block", "value": s.Block.Any()})
			continue
		}
		span := map[string]any{"type": "text", "value": s.Text}
		marks := map[string]any{}
		for name, v := range s.Marks() {
			marks[name] = v.Any()
		}
		if len(marks) > 0 {
			span["marks"] = marks
		}
		out = append(out, span)
	}
	return out
}

// The text is edited, cut in spans, and its cursors move, as in JavaScript: the
// same edits make the same changes, byte for byte.
func TestRichTextAsInJavaScript(t *testing.T) {
	needsJavaScript(t)
	count := 30
	if n, err := strconv.Atoi(os.Getenv("GODWIT_DIFFERENTIAL")); err == nil {
		count = n
	}
	first, _ := strconv.Atoi(os.Getenv("GODWIT_DIFFERENTIAL_FIRST"))
	script, err := filepath.Abs("testdata/richtext.mjs")
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", script, fmt.Sprint(first), fmt.Sprint(count), "40")
	node.Dir, node.Stderr = "../internal/interop", os.Stderr
	out, err := node.StdoutPipe()
	if err == nil {
		err = node.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20)
	told := 0
	for lines.Scan() {
		var y tale
		if err := json.Unmarshal(lines.Bytes(), &y); err != nil {
			t.Fatal(err)
		}
		told++
		t.Run(fmt.Sprint("seed ", y.Seed), func(t *testing.T) { y.check(t, y.tell(t)) })
	}
	if err := node.Wait(); err != nil {
		t.Fatal(err)
	}
	if told != count {
		t.Errorf("%d tales of %d", told, count)
	}
}

func (y *tale) check(t *testing.T, d *crdt.Doc) {
	t.Helper()
	if got := hashes(d); !reflect.DeepEqual(got, y.End.Heads) {
		t.Fatalf("the heads are %s, want %s", got, y.End.Heads)
	}
	y.positions(t, d, y.End.Positions)
	view(t, d, func(root crdt.Map) (any, error) {
		text := root.Get("text").Text()
		got, want := fmt.Sprint(spansOf(t, text)), fmt.Sprint(y.End.Spans)
		if text.String() != y.End.Text || got != want {
			t.Fatalf("%q reads\n%s, want\n%s", text, got, want)
		}
		return nil, nil
	})
}
