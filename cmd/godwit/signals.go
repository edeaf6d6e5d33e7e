package main

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// signals end the program in order: Ctrl-C or SIGTERM cancels what is under way,
// a second one kills, as it would by default. While an editor runs, Ctrl-C is
// its own affair.
type signals struct {
	incoming chan os.Signal
	done     chan struct{}
	lent     atomic.Bool // the terminal belongs to an editor
}

func catchSignals(cancel func()) *signals {
	s := &signals{incoming: make(chan os.Signal, 1), done: make(chan struct{})}
	signal.Notify(s.incoming, os.Interrupt, syscall.SIGTERM)
	go s.pass(cancel)
	return s
}

func (s *signals) pass(cancel func()) {
	for {
		select {
		case sig := <-s.incoming:
			if sig == os.Interrupt && s.lent.Load() {
				continue
			}
			signal.Stop(s.incoming)
			cancel()
			return
		case <-s.done:
			return
		}
	}
}

func (s *signals) stop() {
	signal.Stop(s.incoming)
	close(s.done)
}
