package peer

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Backoff between two attempts: it doubles from the least to the most, and
// each is drawn from its upper half, so that peers of a relay that comes back
// don't all come at once.
const (
	leastBackoff = 100 * time.Millisecond
	mostBackoff  = 30 * time.Second
)

// Run keeps the link to the relay until ctx ends or the peer is closed, and
// returns nil then. Nothing else depends on it: without it, the peer works
// offline, and what syncs has a link for as long as that takes. It runs once at a
// time.
func (p *Peer) Run(ctx context.Context) error {
	return p.visit(func() error {
		if !p.link.start() {
			return ErrRunning
		}
		defer p.link.stop()
		select {
		case <-ctx.Done():
		case <-p.parting:
		}
		return nil
	})
}

func (l *link) start() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running {
		return false
	}
	l.running = true
	return true
}

func (l *link) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = false
}

// visit has a link while fn runs: the one that is kept already, or one of its own.
func (p *Peer) visit(fn func() error) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.running.Done()
	if p.config.Relay == "" {
		return ErrNoRelay
	}
	defer p.hold()()
	err := fn()
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(err, p.link.absence())
	}
	return err
}

// absence returns why there is no link; nil if there is one.
func (l *link) absence() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.state.Linked():
		return nil
	case l.state.Err != nil:
		return l.state.Err
	default:
		return errors.New("peer: there is no link to the relay yet")
	}
}

// hold keeps the link until leave is called. The last one to leave waits until it
// has ended.
func (p *Peer) hold() (leave func()) {
	l := &p.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holders == 0 {
		l.drop = p.beginLink()
	}
	l.holders++
	drop := l.drop
	return func() {
		l.mu.Lock()
		l.holders--
		isLast := l.holders == 0
		l.mu.Unlock()
		if isLast {
			drop()
		}
	}
}

// beginLink keeps a link until drop is called: those who are in touch are told
// first.
func (p *Peer) beginLink() (drop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		p.link.keeping.Lock()
		defer p.link.keeping.Unlock()
		p.keepLink(ctx)
	}()
	return func() {
		p.watchers.part()
		p.voice.finish()
		cancel()
		<-gone
	}
}

func (p *Peer) keepLink(ctx context.Context) {
	for backoff := leastBackoff; ctx.Err() == nil; {
		stood, err := p.connect(ctx)
		if stood > backoff {
			backoff = leastBackoff
		}
		if ctx.Err() != nil {
			break
		}
		wait := backoff/2 + rand.N(backoff/2)
		p.config.Logger.Info("no link to the relay", "relay", p.config.Relay, "error", err, "retry", wait)
		p.link.set(func(s *LinkState) { s.Phase, s.Err, s.Retry = Offline, err, wait })
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		backoff = min(2*backoff, mostBackoff)
	}
	p.link.set(func(s *LinkState) { s.Phase, s.Err, s.Retry = Offline, nil, 0 })
}
