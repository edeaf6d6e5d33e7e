package main

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// app is what commands run with.
type app struct {
	opts     *globals
	in       *os.File
	out      io.Writer
	terminal bool // somebody looks at out
	notes    *notes
	signals  *signals
}

func newApp(opts *globals, signals *signals) *app {
	return &app{
		opts: opts, in: os.Stdin, out: os.Stdout, terminal: isTerminal(os.Stdout),
		notes: newNotes(os.Stderr, opts.Quiet), signals: signals,
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// logger tells of what somebody should look at, and of everything if wanted.
func (a *app) logger() *slog.Logger {
	level := slog.LevelWarn
	switch {
	case a.opts.Verbose:
		level = slog.LevelInfo
	case a.opts.Quiet:
		level = slog.LevelError
	}
	return slog.New(slog.NewTextHandler(a.notes, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
			if attr.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attr
		},
	}))
}
