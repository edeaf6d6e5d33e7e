package crdt_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
)

// spans prints the spans of the text t.
func spans(t *testing.T, d *crdt.Doc) string {
	t.Helper()
	return view(t, d, func(root crdt.Map) (string, error) {
		var out []string
		spans, err := root.Get("t").Text().Spans()
		for _, s := range spans {
			line := fmt.Sprintf("%d-%d %q", s.Start, s.End, s.Text)
			if s.Block.Exists() {
				line = fmt.Sprintf("%d-%d %v", s.Start, s.End, s.Block.Any())
			}
			for name, v := range s.Marks() {
				line += fmt.Sprintf(" %s=%v", name, v.Any())
			}
			out = append(out, line)
		}
		return strings.Join(out, "\n"), err
	})
}

func TestBlocks(t *testing.T) {
	for unit, want := range map[crdt.Unit]string{
		crdt.CodePoints: "0-1 map[type:heading]\n1-3 \"🦊!\"\n3-4 map[level:2 type:paragraph]\n4-6 \"🦊🦊\" bold=true\n6-7 \"?\"",
		crdt.UTF16:      "0-1 map[type:heading]\n1-4 \"🦊!\"\n4-5 map[level:2 type:paragraph]\n5-9 \"🦊🦊\" bold=true\n9-10 \"?\"",
		crdt.Bytes:      "0-3 map[type:heading]\n3-8 \"🦊!\"\n8-11 map[level:2 type:paragraph]\n11-19 \"🦊🦊\" bold=true\n19-20 \"?\"",
	} {
		d := inUnit(t, unit, "🦊!🦊🦊?")
		at := func(s string) int { return measure(unit, []rune(s)) }
		edit(t, d, func(root crdt.Map) error {
			text := root.Get("t").Text()
			return errors.Join(
				text.SplitBlock(at("🦊!"), map[string]any{"type": "item"}),
				text.SplitBlock(0, map[string]any{"type": "heading"}),
				text.Mark(at("\ufffc🦊!\ufffc"), at("\ufffc🦊!\ufffc🦊🦊"), "bold", true, crdt.ExpandNone),
				text.UpdateBlock(at("\ufffc🦊!"), map[string]any{"type": "paragraph", "level": 1}),
			)
		})
		edit(t, d, func(root crdt.Map) error { // one attribute
			block, err := root.Get("t").Text().Block(at("\ufffc🦊!"))
			return errors.Join(err, block.Map().Set("level", 2))
		})
		if got := spans(t, d); got != want {
			t.Errorf("the spans are\n%s, want\n%s", got, want)
		}
		within := at("\ufffc🦊!") + measure(unit, []rune("\ufffc")) - 1 // in bytes it is within the block
		edit(t, d, func(root crdt.Map) error {
			return errors.Join(root.Get("t").Text().JoinBlock(within), root.Get("t").Text().JoinBlock(0))
		})
		says(t, d, `{"t":"🦊!🦊🦊?"}`)
	}
}

func TestBlocksThatAreNone(t *testing.T) {
	d := inUnit(t, crdt.CodePoints, "ab")
	before := content(t, d)
	for _, c := range []struct {
		do   func(text crdt.Text) error
		want error
	}{
		{func(text crdt.Text) error { return text.JoinBlock(1) }, crdt.ErrNoBlock},
		{func(text crdt.Text) error { return text.JoinBlock(-1) }, crdt.ErrNoBlock},
		{func(text crdt.Text) error { return text.UpdateBlock(2, nil) }, crdt.ErrNoBlock},
		{func(text crdt.Text) error { return text.SplitBlock(3, nil) }, crdt.ErrRange},
		{func(text crdt.Text) error { return text.SplitBlock(0, map[string]any{"": 1}) }, crdt.ErrEmptyKey},
		{func(text crdt.Text) error { return text.SplitBlock(0, map[string]any{"f": func() {}}) }, crdt.ErrInvalid},
		{func(crdt.Text) error { return crdt.Text{}.SplitBlock(0, nil) }, crdt.ErrAbsent},
	} {
		if err := changeErr(d, func(root crdt.Map) error { return c.do(root.Get("t").Text()) }); !errors.Is(err, c.want) {
			t.Errorf("%v, want %v", err, c.want)
		}
	}
	says(t, d, before)
	edit(t, d, func(root crdt.Map) error { return root.Get("t").Text().SplitBlock(2, nil) })
	if got, want := spans(t, d), "0-2 \"ab\"\n2-3 map[]"; got != want {
		t.Errorf("the spans are\n%s, want\n%s", got, want)
	}
	view(t, d, func(root crdt.Map) (any, error) {
		for _, pos := range []int{-1, 0, 3} {
			if b, err := root.Get("t").Text().Block(pos); err != nil || b.Exists() {
				t.Errorf("at %d stands %v, %v", pos, b.Any(), err)
			}
		}
		return nil, nil
	})
}

// Whoever nests marks pays for each of them once: not for each letter below.
func TestNestedMarksAreNotRepeated(t *testing.T) {
	const n = 4000
	d := inUnit(t, crdt.CodePoints, strings.Repeat("x", 2*n+1))
	edit(t, d, func(root crdt.Map) error {
		for i := range n {
			if err := root.Get("t").Text().Mark(i, 2*n+1-i, fmt.Sprint("m", i), true, crdt.ExpandNone); err != nil {
				return err
			}
		}
		return nil
	})
	var before, after runtime.MemStats
	view(t, d, func(root crdt.Map) (any, error) {
		runtime.ReadMemStats(&before)
		spans, err := root.Get("t").Text().Spans()
		runtime.ReadMemStats(&after)
		if len(spans) != 2*n-1 || len(spans[n-1].Marks()) != n || len(spans[0].Marks()) != 1 {
			t.Errorf("%d spans, in the middle with %d marks", len(spans), len(spans[n-1].Marks()))
		}
		return nil, err
	})
	if took := after.TotalAlloc - before.TotalAlloc; took > 4000*n {
		t.Errorf("the spans of %d marks took %d bytes", n, took)
	}
}
