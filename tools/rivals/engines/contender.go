package main

import (
	"errors"
	"path/filepath"
	"strconv"

	"github.com/godwit-sync/godwit/internal/load"
	"github.com/godwit-sync/godwit/tools/rivals/turns"
)

// task is what a contender in Go does in a process of its own, as contender.mjs
// does it in JavaScript.
type task struct {
	name      string // of the contender
	dir       string
	documents int
	figures   turns.Figures
}

var errUsage = errors.New("a contender is told NAME TASK DIRECTORY DOCUMENTS")

// contribute does one task and prints its outcome.
func contribute(args []string) error {
	if len(args) != 4 {
		return errUsage
	}
	documents, err := strconv.Atoi(args[3])
	if err != nil {
		return errUsage
	}
	t := &task{name: args[0], dir: args[2], documents: documents, figures: turns.Figures{}}
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
	return t.figures.Tell(text)
}

func (t *task) file(kind string) string { return filepath.Join(t.dir, t.name+"."+kind) }

func (t *task) trace(name string) ([]load.Keystroke, error) {
	return load.ReadTrace(filepath.Join(t.dir, name+".json"))
}

// growth measures by how much the memory grows, in bytes. What is not part of
// what the document takes, such as a trace, must not be in memory before or
// after.
func (t *task) growth(figure string, run func() error) error {
	before, err := turns.Memory()
	if err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	after, err := turns.Memory()
	t.figures[figure] = after - before
	return err
}
