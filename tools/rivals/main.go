package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
)

// options are the flags.
type options struct {
	quick   bool
	rounds  int
	seed    uint64
	only    string
	servers string
	echo    bool
	trace   string
	idle    int
	json    string
	relay   string
	tools   string
}

func parse() options {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "smaller sizes, one round: two minutes instead of ten")
	flag.IntVar(&o.rounds, "rounds", 0, "how often everything is measured; 0 = 2, or 1 with -quick")
	flag.Uint64Var(&o.seed, "seed", 1, "decides who edits when")
	flag.StringVar(&o.only, "only", "", "measure only workloads whose `name` begins so; several with commas")
	flag.StringVar(&o.servers, "servers", "godwit,automerge-repo", "which servers, in this order")
	flag.BoolVar(&o.echo, "echo", false, "measure the ceiling, too")
	flag.StringVar(&o.trace, "trace", "", "editing trace (`file`, JSON, may be gzipped) for the long history; empty = made up")
	flag.IntVar(&o.idle, "idle", 0, "how many idle connections; 0 = 1,000, or 300 with -quick")
	flag.StringVar(&o.json, "json", "", "write all reports to this `file`, one per line")
	flag.StringVar(&o.relay, "relay", "", "`binary` of the relay; empty = ./cmd/godwit-relay of this module")
	flag.StringVar(&o.tools, "tools", "tools/rivals", "this command's `directory`")
	flag.Parse()
	if o.rounds == 0 {
		o.rounds = 2
		if o.quick {
			o.rounds = 1
		}
	}
	if o.echo {
		o.servers += ",echo"
	}
	return o
}

func main() {
	// The driver shares the machine with the server; a collection less is worth
	// more than the memory.
	debug.SetGCPercent(400)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, parse()); err != nil {
		fmt.Fprintln(os.Stderr, "rivals:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "godwit-rivals-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	servers, err := prepare(ctx, o, filepath.Join(dir, "bin"))
	if err != nil {
		return err
	}
	c := comparison{options: o, dir: dir, servers: servers}
	if err := c.measure(ctx); err != nil {
		return err
	}
	if o.json != "" {
		if err := c.writeJSON(o.json); err != nil {
			return err
		}
	}
	var text strings.Builder
	machine(&text, servers)
	c.table(&text)
	fmt.Print(text.String())
	return c.verdict()
}

// wanted reports whether a workload is to be measured.
func (o options) wanted(name string) bool {
	return o.only == "" || slices.ContainsFunc(strings.Split(o.only, ","), func(prefix string) bool {
		return strings.HasPrefix(name, prefix)
	})
}
