package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/godwit-sync/godwit/internal/load"
	"github.com/godwit-sync/godwit/tools/rivals/child"
	"github.com/godwit-sync/godwit/tools/rivals/turns"
)

// comparison is one run of everything.
type comparison struct {
	turns.Run
	options
	dir     string            // has the records, and what contenders keep
	servers map[string]server // by contender
}

// The tasks.
const (
	create    = "create"
	read      = "read"
	replicate = "replicate"
)

// newComparison writes down what the records say.
func newComparison(ctx context.Context, o options, dir string) (*comparison, error) {
	c := &comparison{options: o, dir: dir, servers: map[string]server{}}
	contenders, err := c.find(ctx)
	if err != nil {
		return nil, err
	}
	all, departments := newEmployees(o.records, o.seed)
	c.Run = turns.Run{
		Contenders: contenders, Rounds: o.Rounds, Prepare: c.prepare, Rows: rows, Notes: notes,
		What: fmt.Sprintf("%d records", o.records),
		Tasks: []turns.Task{
			{Name: create, Sum: turns.Sum(written(all))},
			{Name: read, Sum: turns.Sum(listed(all))},
			{Name: replicate, Sum: turns.Sum(written(promoted(all)))},
		},
	}
	return c, errors.Join(keep(dir, "records", all), keep(dir, "departments", departments))
}

// prepare lets a contender begin with nothing, and replicate through a server
// that has nothing.
func (c *comparison) prepare(ctx context.Context, who turns.Contender, task string) (args []string, finish func(*turns.Outcome) error, err error) {
	args, finish = []string{c.dir}, func(*turns.Outcome) error { return nil }
	switch task {
	case create:
		err = os.RemoveAll(filepath.Join(c.dir, who.Name))
	case replicate:
		var url string
		url, finish, err = c.serve(ctx, c.servers[who.Name])
		args = append(args, url)
	}
	return args, finish, err
}

// serve starts a server; finish says what memory it has, and ends it.
func (c *comparison) serve(ctx context.Context, s server) (url string, finish func(*turns.Outcome) error, err error) {
	dir, err := os.MkdirTemp(c.dir, "server-")
	if err != nil {
		return "", nil, err
	}
	process, err := child.New(dir, s.Kind)
	if err != nil {
		return "", nil, err
	}
	if err := process.Start(ctx); err != nil {
		return "", nil, errors.Join(err, process.Kill())
	}
	finish = func(out *turns.Outcome) error {
		bytes, err := load.Anonymous(process.PID())
		if out.Figures != nil {
			out.Figures["server"] = float64(bytes)
		}
		return errors.Join(err, process.Kill(), os.RemoveAll(dir))
	}
	return s.url(process.Address()), finish, nil
}
