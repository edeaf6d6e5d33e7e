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
	records    int
	rounds     int
	seed       uint64
	contenders string
	json       string
	relay      string
	tools      string
}

func parse() options {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "few records, once: does it work, and do all have the same?")
	flag.IntVar(&o.records, "records", 0, "how many, a multiple of 500; 0 = 10,000, or 500 with -quick")
	flag.IntVar(&o.rounds, "rounds", 0, "how often everything is measured; 0 = 3, or 1 with -quick")
	flag.Uint64Var(&o.seed, "seed", 1, "decides what the records say")
	flag.StringVar(&o.contenders, "contenders", "godwit,pouchdb,pouchdb-durable", "only these, by `name`; ratios are to the first")
	flag.StringVar(&o.json, "json", "", "write every measurement to this `file`, one per line")
	flag.StringVar(&o.relay, "relay", "", "`binary` of the relay; empty = ./cmd/godwit-relay of this module")
	flag.StringVar(&o.tools, "tools", "tools/rivals", "`directory` of npm's modules")
	flag.Parse()
	if o.records == 0 {
		o.records = 10_000
		if o.quick {
			o.records = 500
		}
	}
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
		fmt.Fprintln(os.Stderr, "records:", err)
		os.Exit(1)
	}
}

func do(ctx context.Context) error {
	if len(os.Args) > 1 && os.Args[1] == contend {
		return contribute(ctx, os.Args[2:])
	}
	return run(ctx, parse())
}

func run(ctx context.Context, o options) (err error) {
	if o.records <= 0 || o.records%500 != 0 {
		return errRecords
	}
	dir, err := os.MkdirTemp("", "godwit-records-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c, err := newComparison(ctx, o, dir)
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
