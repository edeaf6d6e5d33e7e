package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/godwit-sync/godwit/internal/load"
	"github.com/godwit-sync/godwit/tools/rivals/report"
)

// comparison is one run of everything.
type comparison struct {
	options
	dir        string // has the trace, and what contenders keep
	documents  int    // small ones that are open at the same time
	edits      int
	texts      map[string]string // by task: the hash of the text that must come out
	contenders []contender
	before     string // load average
	results    []result
}

// result is what became of one task of one contender.
type result struct {
	Contender string `json:"contender"`
	Round     int    `json:"round"`
	Task      string `json:"task"`
	outcome
}

// tasks are done in this order: the later ones need what the earlier ones keep.
var tasks = []string{"apply", "load", "record", "receive", "small"}

const (
	quickEdits     = 5000
	quickDocuments = 100
	allDocuments   = 10_000
	moreKeystrokes = 1000
	taskTimeout    = 10 * time.Minute
)

// newComparison writes down what is to be typed: the trace, and then more
// letters one after the other in the middle of it.
func newComparison(o options, dir string, contenders []contender) (*comparison, error) {
	edits, err := load.ReadTrace(o.trace)
	if err != nil {
		return nil, err
	}
	c := &comparison{options: o, dir: dir, contenders: contenders, documents: allDocuments, before: report.LoadAverage()}
	if o.quick {
		edits, c.documents = edits[:min(quickEdits, len(edits))], quickDocuments
	}
	c.edits = len(edits)
	text := typed(nil, edits)
	more := make([]load.Keystroke, moreKeystrokes)
	for i := range more {
		more[i] = load.Keystroke{At: len(text)/2 + i, Insert: "x"}
	}
	trace, both := hashOf(string(text)), hashOf(string(typed(text, more)))
	c.texts = map[string]string{"apply": trace, "load": both, "record": both, "receive": both, "small": hashOf("")}
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

// measure lets the contenders take turns, task by task.
func (c *comparison) measure(ctx context.Context) error {
	for round := range c.rounds {
		for _, task := range tasks {
			for i := range c.contenders {
				who := c.contenders[(i+round)%len(c.contenders)]
				fmt.Fprintf(os.Stderr, "round %d of %d, %s, %s", round+1, c.rounds, task, who.title)
				began := time.Now()
				got, err := c.attempt(ctx, who, task)
				fmt.Fprintf(os.Stderr, ": %.1f s\n", time.Since(began).Seconds())
				if err != nil {
					return fmt.Errorf("round %d, %s, %s: %w", round+1, task, who.title, err)
				}
				c.results = append(c.results, result{who.name, round + 1, task, got})
			}
		}
	}
	return nil
}

// errText: whoever ends with another text has measured something else.
var errText = errors.New("its text is not that of the others")

func (c *comparison) attempt(ctx context.Context, who contender, task string) (got outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, taskTimeout)
	defer cancel()
	raw, err := who.start(ctx, task, c.dir, c.documents).Output()
	if err != nil {
		return got, errors.Join(err, ctx.Err())
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return got, fmt.Errorf("%q: %w", raw, err)
	}
	if got.Text != c.texts[task] {
		return got, errText
	}
	return got, nil
}

// values are all measurements of a figure, ascending.
func (c *comparison) values(figure, contender string) (values []float64) {
	for _, r := range c.results {
		if v, ok := r.Figures[figure]; ok && r.Contender == contender {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values
}

func (c *comparison) writeJSON(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(file)
	for _, r := range c.results {
		err = errors.Join(err, encoder.Encode(r))
	}
	return errors.Join(err, file.Close())
}
