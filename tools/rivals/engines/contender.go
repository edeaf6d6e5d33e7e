package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/godwit-sync/godwit/internal/load"
)

// contend as the first argument makes this process a contender.
const contend = "contend"

// task is what a contender in Go does in a process of its own, as contender.mjs
// does it in JavaScript.
type task struct {
	name      string // of the contender
	dir       string
	documents int
	figures   map[string]float64 // seconds or bytes
}

// outcome is what a contender prints.
type outcome struct {
	Figures map[string]float64 `json:"figures"`
	Text    string             `json:"text"` // SHA-256 of the text it has in the end
}

var errUsage = errors.New("usage: engines " + contend + " NAME TASK DIRECTORY DOCUMENTS")

// contribute does one task and prints its outcome.
func contribute(args []string) error {
	if len(args) != 4 {
		return errUsage
	}
	documents, err := strconv.Atoi(args[3])
	if err != nil {
		return errUsage
	}
	t := &task{name: args[0], dir: args[2], documents: documents, figures: map[string]float64{}}
	run, ok := map[string]func() (string, error){
		"apply": t.apply, "record": t.record, "receive": t.receive, "load": t.load, "small": t.small,
	}[args[1]]
	if !ok {
		return errUsage
	}
	text, err := run()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(outcome{t.figures, hashOf(text)})
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (t *task) file(kind string) string { return filepath.Join(t.dir, t.name+"."+kind) }

func (t *task) trace(name string) ([]load.Keystroke, error) {
	return load.ReadTrace(filepath.Join(t.dir, name+".json"))
}

func (t *task) time(figure string, run func() error) error {
	took, err := timed(nil, run)
	t.figures[figure] = took[0]
	return err
}

// growth measures by how much the memory grows, in bytes. What is not part of
// what the document takes, such as a trace, must not be in memory before or
// after.
func (t *task) growth(figure string, run func() error) error {
	before, err := memory()
	if err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	after, err := memory()
	t.figures[figure] = after - before
	return err
}

// timed adds how many seconds something took.
func timed(before []float64, run func() error) ([]float64, error) {
	began := time.Now()
	err := run()
	return append(before, time.Since(began).Seconds()), err
}

// middle is the median, as contender.mjs has it.
func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// memory is this process's own, in bytes, after everything has been collected.
func memory() (float64, error) {
	debug.FreeOSMemory()
	debug.FreeOSMemory() // what the first made unreachable by finalizers
	bytes, err := load.Anonymous(os.Getpid())
	return float64(bytes), err
}
