package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/godwit-sync/godwit/internal/load"
	"github.com/godwit-sync/godwit/tools/rivals/child"
)

// comparison is one run of everything.
type comparison struct {
	options
	dir     string
	servers []*kind
	results []result
}

// result is what became of one workload against one server.
type result struct {
	Server   string       `json:"server"`
	Round    int          `json:"round"`
	Workload string       `json:"workload"`
	Report   *load.Report `json:"report,omitempty"`
	Failure  string       `json:"failure,omitempty"`
}

// measure lets the servers take turns, workload by workload.
func (c *comparison) measure(ctx context.Context) error {
	for round := range c.Rounds {
		for _, w := range workloads(c.options) {
			if !c.wanted(w.name) || w.once && round > 0 {
				continue
			}
			for _, k := range c.servers {
				if k.ceiling && !w.ceiling {
					continue
				}
				fmt.Fprintf(os.Stderr, "round %d, %s, %s\n", round+1, w.name, k.name)
				r := result{Server: k.name, Round: round + 1, Workload: w.name}
				report, err := c.attempt(ctx, round, w, k)
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if r.Report = report; err != nil {
					r.Report, r.Failure = nil, err.Error()
					fmt.Fprintln(os.Stderr, " ", err)
				}
				c.results = append(c.results, r)
			}
		}
	}
	return nil
}

// attempt runs one workload against a server that has just been started over
// an empty directory.
func (c *comparison) attempt(ctx context.Context, round int, w workload, k *kind) (report *load.Report, err error) {
	dir, err := os.MkdirTemp(c.dir, k.name+"-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	process, err := child.New(dir, k.Kind)
	if err != nil {
		return nil, err
	}
	s := server{process, k}
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Kill()) }()
	return w.run(ctx, load.Run{Seed: c.seed + uint64(round), Progress: os.Stderr}, s)
}

// errFailed: what the relay does not carry through is no figure but a defect.
var errFailed = errors.New("godwit failed")

func (c *comparison) verdict() error {
	var err error
	for _, r := range c.results {
		if r.Failure != "" && r.Server == "godwit" {
			err = errors.Join(err, fmt.Errorf("%w: %s, round %d: %s", errFailed, r.Workload, r.Round, r.Failure))
		}
	}
	return err
}
