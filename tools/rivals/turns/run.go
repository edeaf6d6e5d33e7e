package turns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/godwit-sync/godwit/tools/rivals/report"
)

// Task is what every contender does in a process of its own.
type Task struct {
	Name string
	Sum  string // of what a contender must have in the end
}

// Run is one comparison.
type Run struct {
	Contenders []Contender
	// Tasks are done in this order: later ones may need what earlier ones keep.
	Tasks []Task
	// Rounds is how often everything is done.
	Rounds int
	// What is compared, Rows of the table, and Notes below it.
	What  string
	Rows  []Row
	Notes string
	// Prepare returns what a contender is told after the task's name, and what is
	// to be done when it is through, which may add figures.
	Prepare func(ctx context.Context, who Contender, task string) (args []string, finish func(*Outcome) error, err error)

	results []result
	before  string // load average
}

// result is what became of one task of one contender.
type result struct {
	Contender string `json:"contender"`
	Round     int    `json:"round"`
	Task      string `json:"task"`
	Outcome
}

// Report measures, writes every measurement to a file unless that has no name, and
// prints the table.
func (r *Run) Report(ctx context.Context, file string) error {
	r.before = report.LoadAverage()
	if err := r.measure(ctx); err != nil {
		return err
	}
	if err := report.WriteJSON(file, r.results); err != nil {
		return err
	}
	fmt.Print(r.markdown())
	return nil
}

// measure lets the contenders take turns, task by task, and says on standard
// error where it is. It fails with the first contender that does.
func (r *Run) measure(ctx context.Context) error {
	for round := range r.Rounds {
		for _, task := range r.Tasks {
			for i := range r.Contenders {
				who := r.Contenders[(i+round)%len(r.Contenders)]
				fmt.Fprintf(os.Stderr, "round %d of %d, %s, %s", round+1, r.Rounds, task.Name, who.Title)
				began := time.Now()
				got, err := r.attempt(ctx, who, task)
				fmt.Fprintf(os.Stderr, ": %.1f s\n", time.Since(began).Seconds())
				if err != nil {
					return fmt.Errorf("round %d, %s, %s: %w", round+1, task.Name, who.Title, err)
				}
				r.results = append(r.results, result{who.Name, round + 1, task.Name, got})
			}
		}
	}
	return nil
}

// taskTimeout ends a contender that doesn't.
const taskTimeout = 10 * time.Minute

// errSum: whoever ends with something else has measured something else.
var errSum = errors.New("what it has in the end is not what the others have")

func (r *Run) attempt(ctx context.Context, who Contender, task Task) (got Outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, taskTimeout)
	defer cancel()
	args, finish, err := r.Prepare(ctx, who, task.Name)
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, finish(&got)) }()
	raw, err := who.start(ctx, append([]string{task.Name}, args...)).Output()
	if err != nil {
		return got, errors.Join(err, ctx.Err())
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return got, fmt.Errorf("%q: %w", raw, err)
	}
	if got.Sum != task.Sum {
		return got, errSum
	}
	return got, nil
}

// values are all measurements of a figure, ascending.
func (r *Run) values(figure string, who Contender) (values []float64) {
	for _, result := range r.results {
		if v, ok := result.Figures[figure]; ok && result.Contender == who.Name {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values
}
