// Package command is how the commands in tools/rivals are alike: they begin, end,
// and are asked for the same things in the same way.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Options are the flags that all of them have.
type Options struct {
	Quick  bool   // less of everything, once
	Rounds int    // how often everything is measured
	JSON   string // file of every measurement; empty = none
	Tools  string // directory that has npm's modules, and the scripts
}

// Parse defines these flags beside those of the command's own, and reads all of
// them. It says in which words -quick does less; otherwise there are so many rounds.
func (o *Options) Parse(quick string, rounds int) {
	flag.BoolVar(&o.Quick, "quick", false, quick)
	flag.IntVar(&o.Rounds, "rounds", 0, fmt.Sprintf("how often everything is measured; 0 = %d, or 1 with -quick", rounds))
	flag.StringVar(&o.JSON, "json", "", "write every measurement to this `file`, one per line")
	flag.StringVar(&o.Tools, "tools", "tools/rivals", "`directory` of npm's modules and the scripts")
	flag.Parse()
	switch {
	case o.Rounds != 0:
	case o.Quick:
		o.Rounds = 1
	default:
		o.Rounds = rounds
	}
}

// Main runs a command until it is through, or is told to stop, and ends the process
// if it fails.
func Main(name string, run func(context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

// InDirectory runs something that needs a directory of its own for a while.
func InDirectory(name string, run func(dir string) error) (err error) {
	dir, err := os.MkdirTemp("", "godwit-"+name+"-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return run(dir)
}
