package opset_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// story is what three people did with @automerge/automerge (testdata/stories.mjs).
type story struct {
	Seed  int
	Base  [][]byte
	Steps []struct {
		Who     int
		From    *int // a merge
		Edits   []storyEdit
		Change  []byte
		Patches []jsPatch
		Astray  bool // the list is in another order than after saving
	}
	End struct {
		Heads []string
		Text  string
		List  []any
		Count *float64
		A, B  any
		Marks []struct {
			Name       string
			Value      any
			Start, End int
		}
		Conflicts map[string][][2]any
		Diffs     []jsDiff
		Saved     []byte
	}
}

type storyEdit struct {
	Do                string
	Pos, Del, By      int
	Start, End        int
	Insert, Key, Name string
	Expand            string
	Value             any
	Attrs             map[string]string
}

// valueOf returns the scalar that JavaScript makes of a value.
func valueOf(v any) change.Value {
	switch v := v.(type) {
	case bool:
		return change.Bool(v)
	case float64:
		return change.Int(int64(v))
	case string:
		return change.Text(v)
	}
	return change.Value{}
}

// edit does what somebody did.
func (e *storyEdit) edit(s *opset.Set) error {
	root := s.Root()
	text, list := root.Get("text").Object, root.Get("list").Object
	switch e.Do {
	case "splice":
		return s.Splice(text, sequence.UTF16, e.Pos, e.Del, e.Insert)
	case "mark", "unmark":
		m := opset.Mark{Name: e.Name, Value: valueOf(e.Value), Start: e.Start, End: e.End}
		if e.Do == "unmark" {
			m.Value = change.Value{}
		}
		return s.Mark(text, sequence.UTF16, m, e.Expand == "before" || e.Expand == "both", e.Expand == "after" || e.Expand == "both")
	case "block":
		block, err := s.InsertObject(text, sequence.UTF16, e.Pos, change.ActionMakeMap)
		if err != nil {
			return err
		}
		kind, err := s.PutObject(block, "type", change.ActionMakeText)
		if err != nil {
			return err
		}
		return s.Splice(kind, sequence.UTF16, 0, 0, e.Attrs["type"])
	case "put":
		return s.Put(root, e.Key, valueOf(e.Value))
	case "delete":
		return s.Delete(root, e.Key)
	case "counter":
		return s.Put(root, "count", change.Counter(int64(e.Value.(float64))))
	case "increment":
		return s.Increment(root, "count", int64(e.By))
	case "insert":
		return s.Insert(list, sequence.Points, e.Pos, valueOf(e.Value))
	case "set":
		return s.PutAt(list, e.Pos, valueOf(e.Value))
	case "remove":
		return s.DeleteAt(list, e.Pos, 1)
	}
	return fmt.Errorf("an unknown edit: %s", e.Do)
}

// tell lets the story happen here.
func (y *story) tell(t *testing.T) *opset.Set {
	actors := []change.ActorID{"\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa", "\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb", "\f\f\f\f\f\f\f\f\f\f\f\f\f\f\f\f"}
	var all []*opset.Set
	var screens []*screens
	for _, actor := range actors {
		s := opset.New(actor)
		for _, b := range y.Base {
			c, err := change.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Apply(c); err != nil {
				t.Fatal(err)
			}
		}
		all, screens = append(all, s), append(screens, newScreens(s))
	}
	for n, step := range y.Steps {
		s := all[step.Who]
		if step.From != nil {
			merge(t, s, all[*step.From])
			screens[step.Who].lists = screens[step.Who].lists || step.Astray
			screens[step.Who].compare(t, s, step.Patches)
			continue
		}
		for _, e := range step.Edits {
			if err := e.edit(s); err != nil {
				t.Fatalf("step %d: %+v: %v", n, e, err)
			}
		}
		if !s.Pending() {
			if len(step.Change) > 0 {
				t.Fatalf("step %d %+v made nothing, want\n%s", n, step.Edits, operations(t, step.Change))
			}
			screens[step.Who].compare(t, s, step.Patches)
			continue
		}
		c, err := s.Commit("", 0)
		if err != nil {
			t.Fatal(err)
		}
		if string(c.Bytes()) != string(step.Change) {
			t.Fatalf("step %d %+v made\n%s, want\n%s", n, step.Edits, operations(t, c.Bytes()), operations(t, step.Change))
		}
		screens[step.Who].compare(t, s, step.Patches)
	}
	merge(t, all[0], all[1])
	merge(t, all[0], all[2])
	return all[0]
}

func merge(t *testing.T, to, from *opset.Set) {
	t.Helper()
	chunks, err := from.Changes(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, chunk := range chunks {
		c, err := change.ReadHeader(chunk)
		if err != nil {
			t.Fatal(err)
		}
		if err := to.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
}

func operations(t *testing.T, chunk []byte) string {
	if len(chunk) == 0 {
		return "nothing"
	}
	c, err := change.Parse(chunk)
	if err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprint(c.Deps)
	for op := range c.Operations() {
		out += fmt.Sprintf("\n%d obj %d key %q/%d insert %t action %d value %d %q pred %v expand %t",
			op.ID.Counter, op.Obj.Counter, op.Key.Name, op.Key.Elem.Counter, op.Insert, op.Action, op.Value.Type, op.Value.Raw, op.Pred, op.Expand)
	}
	return out
}

// plain returns a scalar as JSON has it.
func plain(op *opset.Op) any {
	if op == nil {
		return "none"
	}
	switch v := op.Value; v.Type {
	case change.ValueTrue, change.ValueFalse:
		return v.Type == change.ValueTrue
	case change.ValueInt:
		return float64(v.Int())
	case change.ValueCounter:
		return float64(op.Counter())
	case change.ValueText:
		return string(v.Raw)
	}
	return nil
}

// check verifies that a document says what JavaScript says.
func (y *story) check(t *testing.T, s *opset.Set) {
	t.Helper()
	root := s.Root()
	for i, h := range s.Heads() {
		if y.End.Heads[i] != h.String() {
			t.Fatalf("heads are %s, want %s", s.Heads(), y.End.Heads)
		}
	}
	text := root.Get("text").Object
	if got := text.Text(); got != y.End.Text {
		t.Fatalf("the text is %q, want %q", got, y.End.Text)
	}
	var list []any
	for op := range root.Get("list").Object.Elements() {
		list = append(list, plain(&op))
	}
	equal(t, "list", list, y.End.List)
	equal(t, "a", plain(root.Get("a")), y.End.A)
	equal(t, "b", plain(root.Get("b")), y.End.B)
	if y.End.Count != nil {
		equal(t, "count", plain(root.Get("count")), *y.End.Count)
	}
	var marks []string
	for _, m := range text.Marks(sequence.UTF16) {
		marks = append(marks, fmt.Sprint(m.Name, plain(&opset.Op{Value: m.Value}), m.Start, m.End))
	}
	var want []string
	for _, m := range y.End.Marks {
		want = append(want, fmt.Sprint(m.Name, m.Value, m.Start, m.End))
	}
	slices.Sort(marks)
	slices.Sort(want)
	equal(t, "marks", marks, want)
	for _, key := range []string{"a", "b", "hits", "count"} {
		y.checkConflicts(t, key, root.Conflicts(key))
	}
}

func (y *story) checkConflicts(t *testing.T, key string, ops []opset.Op) {
	t.Helper()
	var got, want []string
	if len(ops) > 1 {
		for i := range ops {
			got = append(got, fmt.Sprint(ops[i].ID.Counter, plain(&ops[i])))
		}
	}
	for _, c := range y.End.Conflicts[key] {
		counter, _, _ := strings.Cut(c[0].(string), "@")
		want = append(want, counter+" "+fmt.Sprint(c[1]))
	}
	slices.Sort(got)
	slices.Sort(want)
	equal(t, "conflicts of "+key, got, want)
}

// missing skips a test that needs JavaScript, or fails it where that must be
// there.
func missing(t *testing.T, what any) {
	t.Helper()
	if os.Getenv("GODWIT_INTEROP") == "required" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

// compare verifies that the story ends as it did in JavaScript.
func (y *story) compare(t *testing.T) {
	s := y.tell(t)
	y.check(t, s)
	for i := range y.End.Diffs {
		y.End.Diffs[i].compare(t, s)
	}
	y.check(t, load(t, y.End.Saved))
	saved, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	sameOps(t, saved, y.End.Saved) // the order of changes depends on how they were merged
}

// The engine lives through random stories as JavaScript does: the same edits
// make the same changes, byte for byte, marks and blocks included; at the end it
// says the same, and it says it still when it opens what JavaScript has saved.
// On the way its patches lead to the same as those of JavaScript.
func TestStoriesOfJavaScript(t *testing.T) {
	count := 100
	if n, err := strconv.Atoi(os.Getenv("GODWIT_DIFFERENTIAL")); err == nil {
		count = n
	}
	first, _ := strconv.Atoi(os.Getenv("GODWIT_DIFFERENTIAL_FIRST"))
	if runtime.GOOS == "js" {
		t.Skip("it can't start Node")
	}
	if _, err := os.Stat("../../../internal/interop/node_modules/@automerge/automerge"); err != nil {
		missing(t, "npm ci --prefix internal/interop brings what this needs")
	}
	node := exec.Command("node", "../../crdt/internal/opset/testdata/stories.mjs", fmt.Sprint(first), fmt.Sprint(count), "40")
	node.Dir, node.Stderr = "../../../internal/interop", os.Stderr
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		missing(t, err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20)
	told := 0
	for lines.Scan() {
		var y story
		if err := json.Unmarshal(lines.Bytes(), &y); err != nil {
			t.Fatal(err)
		}
		told++
		t.Run(fmt.Sprint("seed ", y.Seed), func(t *testing.T) { inSlicesAndTrees(t, y.compare) })
	}
	if err := node.Wait(); err != nil {
		t.Fatal(err)
	}
	if told != count {
		t.Errorf("%d stories of %d", told, count)
	}
}
