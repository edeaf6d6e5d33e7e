package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/godwit-sync/godwit/internal/load"
	"github.com/godwit-sync/godwit/tools/rivals/turns"
)

// comparison is one run of everything.
type comparison struct {
	turns.Run
	options
	dir       string // has the trace, and what contenders keep
	documents int    // small ones that are open at the same time
}

const (
	quickEdits     = 5000
	quickDocuments = 100
	allDocuments   = 10_000
	moreKeystrokes = 1000
)

// newComparison writes down what is to be typed: the trace, and then more
// letters one after the other in the middle of it.
func newComparison(o options, dir string, contenders []turns.Contender) (*comparison, error) {
	edits, err := load.ReadTrace(o.trace)
	if err != nil {
		return nil, err
	}
	c := &comparison{options: o, dir: dir, documents: allDocuments}
	if o.Quick {
		edits, c.documents = edits[:min(quickEdits, len(edits))], quickDocuments
	}
	text := typed(nil, edits)
	more := make([]load.Keystroke, moreKeystrokes)
	for i := range more {
		more[i] = load.Keystroke{At: len(text)/2 + i, Insert: "x"}
	}
	trace, both := turns.Sum(string(text)), turns.Sum(string(typed(text, more)))
	c.Run = turns.Run{
		Contenders: contenders, Rounds: o.Rounds, Prepare: c.prepare, Rows: rows, Notes: notes,
		What: fmt.Sprintf("%d edits, %d small documents", len(edits), c.documents),
		Tasks: []turns.Task{
			{Name: "apply", Sum: trace},
			{Name: "load", Sum: both},
			{Name: "record", Sum: both},
			{Name: "receive", Sum: both},
			{Name: "small", Sum: turns.Sum("")},
		},
	}
	return c, errors.Join(c.write("trace", edits), c.write("more", more))
}

// typed is what a plain string becomes, in code points.
func typed(text []rune, edits []load.Keystroke) []rune {
	text = slices.Clone(text)
	for _, k := range edits {
		text = slices.Replace(text, k.At, k.At+k.Delete, []rune(k.Insert)...)
	}
	return text
}

func (c *comparison) write(name string, edits []load.Keystroke) error {
	rows := make([][3]any, len(edits))
	for i, k := range edits {
		rows[i] = [3]any{k.At, k.Delete, k.Insert}
	}
	raw, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.dir, name+".json"), raw, 0o600)
}

// prepare tells a contender where everything is.
func (c *comparison) prepare(context.Context, turns.Contender, string) (args []string, finish func(*turns.Outcome) error, err error) {
	return []string{c.dir, strconv.Itoa(c.documents)}, func(*turns.Outcome) error { return nil }, nil
}
