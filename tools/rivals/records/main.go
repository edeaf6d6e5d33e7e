package main

import (
	"context"
	"flag"

	"github.com/godwit-sync/godwit/tools/rivals/command"
	"github.com/godwit-sync/godwit/tools/rivals/turns"
)

// options are the flags.
type options struct {
	command.Options
	records    int
	seed       uint64
	contenders string
	relay      string
}

func parse() options {
	var o options
	flag.IntVar(&o.records, "records", 0, "how many, a multiple of 500; 0 = 10,000, or 500 with -quick")
	flag.Uint64Var(&o.seed, "seed", 1, "decides what the records say")
	flag.StringVar(&o.contenders, "contenders", "godwit,pouchdb,pouchdb-durable", "only these, by `name`; ratios are to the first")
	flag.StringVar(&o.relay, "relay", "", "`binary` of the relay; empty = ./cmd/godwit-relay of this module")
	o.Parse("few records: does it work, and do all have the same?", 3)
	switch {
	case o.records != 0:
	case o.Quick:
		o.records = 500
	default:
		o.records = 10_000
	}
	return o
}

func main() {
	command.Main("records", func(ctx context.Context) error {
		if args, ok := turns.Told(); ok {
			return contribute(ctx, args)
		}
		o := parse()
		return command.InDirectory("records", func(dir string) error { return run(ctx, o, dir) })
	})
}

func run(ctx context.Context, o options, dir string) error {
	if o.records <= 0 || o.records%500 != 0 {
		return errRecords
	}
	c, err := newComparison(ctx, o, dir)
	if err != nil {
		return err
	}
	return c.Report(ctx, o.JSON)
}
