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
	contenders string
	trace      string
}

func parse() options {
	var o options
	flag.StringVar(&o.contenders, "contenders", "", "only these, by `name`, with commas; ratios are to the first")
	flag.StringVar(&o.trace, "trace", "crdt/testdata/editing-trace.json.gz", "editing trace (`file`)")
	o.Parse("a small part of the trace: does it work, and do all have the same text?", 3)
	return o
}

func main() {
	command.Main("engines", func(ctx context.Context) error {
		if args, ok := turns.Told(); ok {
			return contribute(args)
		}
		o := parse()
		return command.InDirectory("engines", func(dir string) error { return run(ctx, o, dir) })
	})
}

func run(ctx context.Context, o options, dir string) error {
	contenders, err := prepare(ctx, o)
	if err != nil {
		return err
	}
	c, err := newComparison(o, dir, contenders)
	if err != nil {
		return err
	}
	return c.Report(ctx, o.JSON)
}
