package main

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/godwit-sync/godwit/tools/rivals/command"
	"github.com/godwit-sync/godwit/tools/rivals/report"
)

// options are the flags.
type options struct {
	command.Options
	seed    uint64
	only    string
	servers string
	echo    bool
	trace   string
	idle    int
	relay   string
}

func parse() options {
	var o options
	flag.Uint64Var(&o.seed, "seed", 1, "decides who edits when")
	flag.StringVar(&o.only, "only", "", "measure only workloads whose `name` begins so; several with commas")
	flag.StringVar(&o.servers, "servers", "godwit,automerge-repo", "which servers, in this order")
	flag.BoolVar(&o.echo, "echo", false, "measure the ceiling, too")
	flag.StringVar(&o.trace, "trace", "", "editing trace (`file`, JSON, may be gzipped) for the long history; empty = made up")
	flag.IntVar(&o.idle, "idle", 0, "how many idle connections; 0 = 1,000, or 300 with -quick")
	flag.StringVar(&o.relay, "relay", "", "`binary` of the relay; empty = ./cmd/godwit-relay of this module")
	o.Parse("smaller sizes: two minutes instead of ten", 2)
	if o.echo {
		o.servers += ",echo"
	}
	return o
}

func main() {
	// The driver shares the machine with the server; a collection less is worth
	// more than the memory.
	debug.SetGCPercent(400)
	command.Main("rivals", func(ctx context.Context) error {
		o := parse()
		return command.InDirectory("rivals", func(dir string) error { return run(ctx, o, dir) })
	})
}

func run(ctx context.Context, o options, dir string) error {
	servers, err := prepare(ctx, o, filepath.Join(dir, "bin"))
	if err != nil {
		return err
	}
	c := comparison{options: o, dir: dir, servers: servers}
	if err := c.measure(ctx); err != nil {
		return err
	}
	if err := report.WriteJSON(o.JSON, c.results); err != nil {
		return err
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
