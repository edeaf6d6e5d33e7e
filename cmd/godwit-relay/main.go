// Command godwit-relay runs a relay, through which Automerge documents sync,
// over a store in a directory. SIGTERM or Ctrl-C stops it gracefully; a second
// one stops it at once. Nothing that it confirmed is lost either way.
//
// It exits with 0 after a graceful stop, with 1 if it could not run, and with 2
// if it was called in a wrong way. What it has to say to a person goes to
// standard output, its log to standard error.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const (
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(start()) }

func start() int {
	opts, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "godwit-relay:", err)
		fmt.Fprintln(os.Stderr, "See godwit-relay --help.")
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the next signal kills, as it would by default
	if err := run(ctx, opts); err != nil {
		fmt.Fprintln(os.Stderr, "godwit-relay:", err)
		return exitFailed
	}
	return 0
}
