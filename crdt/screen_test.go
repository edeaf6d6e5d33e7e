package crdt_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/godwit-sync/godwit/crdt"
)

// screen shows a document, of which it gets only the events: plain values of
// Go, without marks and conflicts.
type screen struct {
	tb    testing.TB
	unit  crdt.Unit
	heads []crdt.Hash
	shown any
}

func newScreen(tb testing.TB, unit crdt.Unit) *screen {
	return &screen{tb: tb, unit: unit, shown: map[string]any{}}
}

func (s *screen) take(e crdt.Event) {
	if !slices.Equal(e.Before, s.heads) {
		s.tb.Errorf("an event begins at %s, after one that ended at %s", e.Before, s.heads)
	}
	s.heads = e.After
	for p := range e.Patches {
		s.apply(p)
	}
}

func (s *screen) apply(p crdt.Patch) { s.shown = s.patched(s.shown, p.Path, p) }

// patched returns a value with what a patch changes at a path in it.
func (s *screen) patched(in any, path []any, p crdt.Patch) any {
	switch in := in.(type) {
	case map[string]any:
		out := map[string]any{} // values of patches are not to be modified
		for key, v := range in {
			out[key] = v
		}
		if len(path) > 0 {
			key := path[0].(string)
			out[key] = s.patched(in[key], path[1:], p)
			return out
		}
		switch p.Action {
		case crdt.PatchPut:
			out[p.Key] = p.Value
		case crdt.PatchDelete:
			delete(out, p.Key)
		case crdt.PatchIncrement:
			out[p.Key] = in[p.Key].(crdt.Counter) + crdt.Counter(p.By)
		}
		return out
	case []any:
		out := slices.Clone(in)
		if len(path) > 0 {
			i := path[0].(int)
			out[i] = s.patched(in[i], path[1:], p)
			return out
		}
		switch p.Action {
		case crdt.PatchPut:
			out[p.Index] = p.Value
		case crdt.PatchDelete:
			out = slices.Delete(out, p.Index, p.Index+p.Length)
		case crdt.PatchInsert:
			out = slices.Insert(out, p.Index, p.Values...)
		case crdt.PatchIncrement:
			out[p.Index] = in[p.Index].(crdt.Counter) + crdt.Counter(p.By)
		}
		return out
	case string:
		return s.edited(in, path, p)
	}
	panic(fmt.Sprintf("no place for %+v", p))
}

// edited returns a text with what a patch changes in it.
func (s *screen) edited(text string, path []any, p crdt.Patch) string {
	if len(path) > 0 {
		return text // within a block
	}
	from, to := s.offset(text, p.Index), s.offset(text, p.Index+p.Length)
	switch p.Action {
	case crdt.PatchSplice:
		return text[:from] + p.Text + text[to:]
	case crdt.PatchInsert:
		for range p.Values {
			text = text[:from] + "\ufffc" + text[from:]
		}
	}
	return text
}

// offset returns how many bytes come before a position.
func (s *screen) offset(text string, pos int) int {
	at := 0
	for pos > 0 {
		r, size := utf8.DecodeRuneInString(text[at:])
		at, pos = at+size, pos-measure(s.unit, []rune{r})
	}
	return at
}

// shows fails unless the screen shows what the document says.
func (s *screen) shows(d *crdt.Doc) {
	s.tb.Helper()
	var want any
	if err := d.View(func(root crdt.Map) error { want = root.Any(); return nil }); err != nil {
		s.tb.Fatal(err)
	}
	if got, want := asJSON(s.tb, s.shown), asJSON(s.tb, want); got != want {
		s.tb.Fatalf("the screen shows\n%s, want\n%s", got, want)
	}
	if !slices.Equal(s.heads, d.Heads()) {
		s.tb.Fatalf("the screen is at %s, the document at %s", s.heads, d.Heads())
	}
}

func asJSON(tb testing.TB, v any) string {
	tb.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}
