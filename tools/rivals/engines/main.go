package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// options are the flags.
type options struct {
	quick      bool
	rounds     int
	contenders string
	json       string
	trace      string
	tools      string
}

func parse() options {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "a small part of the trace, once: does it work, and do all have the same text?")
	flag.IntVar(&o.rounds, "rounds", 0, "how often everything is measured; 0 = 3, or 1 with -quick")
	flag.StringVar(&o.contenders, "contenders", "", "only these, by `name`, with commas; ratios are to the first")
	flag.StringVar(&o.json, "json", "", "write every measurement to this `file`, one per line")
	flag.StringVar(&o.trace, "trace", "crdt/testdata/editing-trace.json.gz", "editing trace (`file`)")
	flag.StringVar(&o.tools, "tools", "tools/rivals", "`directory` of npm's modules")
	flag.Parse()
	if o.rounds == 0 {
		o.rounds = 3
		if o.quick {
			o.rounds = 1
		}
	}
	return o
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "engines:", err)
		os.Exit(1)
	}
}

func do(ctx context.Context) error {
	if len(os.Args) > 1 && os.Args[1] == contend {
		return contribute(os.Args[2:])
	}
	return run(ctx, parse())
}

func run(ctx context.Context, o options) (err error) {
	contenders, err := prepare(ctx, o)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "godwit-engines-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c, err := newComparison(o, dir, contenders)
	if err != nil {
		return err
	}
	if err := c.Measure(ctx); err != nil {
		return err
	}
	if err := c.WriteJSON(o.json); err != nil {
		return err
	}
	fmt.Print(c.markdown())
	return nil
}
