// Command godwit is a peer on the command line: it makes, reads, changes and
// watches documents that live in a directory of the user's own, and syncs them
// through a relay. What it has confirmed is on disk, with or without a relay.
//
// It exits with
//
//	0    done; a change is on disk, whether or not the relay has it yet
//	1    not done, and said why
//	2    called in a wrong way
//	3    not synced: "godwit doc sync" could not bring everything to the relay,
//	     or the relay refuses the change, which is kept here
//	130  interrupted
//
// What was asked for goes to standard output, everything else to standard error.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"
)

const (
	exitFailed      = 1
	exitUsage       = 2
	exitNotSynced   = 3
	exitInterrupted = 130
)

// errNotSynced is why a command ends with exitNotSynced.
var errNotSynced = errors.New("not synced")

func main() { os.Exit(start()) }

func start() int {
	var opts options
	command, err := parse(&opts, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "godwit:", err)
		fmt.Fprintf(os.Stderr, "See godwit %s--help.\n", commandOf(err))
		return exitUsage
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a := newApp(&opts.globals, catchSignals(cancel))
	defer a.signals.stop()
	command.BindTo(ctx, (*context.Context)(nil))
	err = command.Run(a)
	a.notes.clear()
	return report(ctx, a, err)
}

// report says why a command failed, and returns what to exit with.
func report(ctx context.Context, a *app, err error) int {
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		a.notes.fail("interrupted; everything that was confirmed is kept")
		return exitInterrupted
	}
	a.notes.fail(explain(err))
	var misuse *kong.ParseError
	switch {
	case errors.Is(err, errNotSynced):
		return exitNotSynced
	case errors.As(err, &misuse), errors.Is(err, errUsage):
		return exitUsage
	}
	return exitFailed
}
