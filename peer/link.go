package peer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/socket"
)

// Phase says where the link to the relay stands.
type Phase uint8

// The phases of a link.
const (
	Offline    Phase = iota // there is no link; a next attempt may be due
	Connecting              // an attempt is under way
	CatchingUp              // the relay has greeted, and what each side has missed is on its way
	Online                  // all of that is there, and what is new comes and goes at once
)

var phaseNames = [...]string{"offline", "connecting", "catching up", "online"}

// String returns the phase's name, in lower case.
func (p Phase) String() string { return phaseNames[p] }

// LinkState is the state of the link to the relay.
type LinkState struct {
	Phase Phase
	// Err is why there is no link: why the last attempt failed, or the last link
	// ended. nil while there is nothing to say.
	Err error
	// Retry is how long it takes to the next attempt, counted from when the link
	// became offline; 0 = no attempt is due.
	Retry time.Duration
	// Documents is how many documents are talked about with the relay, and
	// Settled how many of them need nothing more, neither here nor there.
	Documents, Settled int
	// Done is how much of Total is done, for a bar that shows how far catching up
	// is: both are about, and count documents that are talked about, and records of
	// collections that have to come or go.
	Done, Total int
}

// Linked reports whether there is a link: the phase is CatchingUp or Online.
func (s LinkState) Linked() bool { return s.Phase >= CatchingUp }

// storageName names a relay's store: a cursor of one means nothing to another.
type storageName [16]byte

func nameStorage(id string) (name storageName) {
	if id == "" {
		return name // it keeps nothing
	}
	if u, err := uuid.Parse(id); err == nil {
		return storageName(u)
	}
	sum := sha256.Sum256([]byte("godwit storage\x00" + id))
	copy(name[:], sum[:])
	return name
}

// link is what a peer knows of its link.
type link struct {
	mu      sync.Mutex
	state   LinkState
	records share // of all collections
	behind  int   // collections that are catching up
	settled bool  // all documents were once, over this link
	readers audience[struct{}, *feed[struct{}, LinkState]]
	to      *hub.Link               // nil while there is none
	since   time.Time               // when that came about
	end     context.CancelCauseFunc // ends the present attempt or link
	running bool                    // Run runs
	holders int                     // who want a link at the moment
	drop    func()                  // ends it for good, and returns when it has ended
	keeping sync.Mutex              // held by what keeps the link, lest there be two
	storage storageName             // of the relay that the shared heads are about
	greeted bool                    // it has, since the peer was opened
}

// relay names the store that shared heads are about; zero = none.
func (l *link) relay() storageName {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.storage
}

// hasMet reports whether anything can be known of what a relay has.
func (l *link) hasMet() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.greeted || l.storage != (storageName{})
}

// keeps reports whether what is known of the relay is about the present one, and that
// keeps what it has taken.
func (l *link) keeps() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.greeted && l.storage != (storageName{})
}

// set changes the state and tells those who read it.
func (l *link) set(change func(s *LinkState)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.state)
	l.tell()
}

// tell makes up the state and tells those who read it; l.mu is held.
func (l *link) tell() {
	s := &l.state
	s.Done, s.Total = s.Settled+l.records.done, s.Documents+l.records.total
	l.settled = s.Linked() && (l.settled || s.Settled == s.Documents)
	switch {
	case !s.Linked():
	case l.settled && l.behind == 0:
		s.Phase = Online
	default:
		s.Phase = CatchingUp
	}
	for _, f := range l.readers.of(everything) {
		f.put(struct{}{}, *s)
	}
}

// share takes in how far a collection is.
func (l *link) share(before, now share) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before == now {
		return
	}
	l.records.done += now.done - before.done
	l.records.total += now.total - before.total
	for _, part := range []struct {
		share
		by int
	}{{before, -1}, {now, 1}} {
		if part.catching {
			l.behind += part.by
		}
	}
	l.tell()
}

// count keeps count of documents; Peer.mu is held.
func (l *link) count(before, after standing) {
	documents, settled := 0, 0
	for _, s := range []struct {
		standing
		by int
	}{{before, -1}, {after, 1}} {
		if s.engaged {
			documents += s.by
			if s.settled() {
				settled += s.by
			}
		}
	}
	if documents != 0 || settled != 0 {
		l.set(func(s *LinkState) { s.Documents += documents; s.Settled += settled })
	}
}

// errNewLife is why a link is made anew.
var errNewLife = errors.New("the directory begins a new life")

// restart ends the present link, so that the next one begins anew.
func (l *link) restart(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end != nil {
		l.end(why)
	}
}

// present returns the present link; nil if there is none.
func (l *link) present() *hub.Link {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to
}

// engage begins to talk about a document if there is a link, unless the document
// has just been forgotten.
func (p *Peer) engage(id crdt.DocumentID) {
	to := p.link.present()
	if to == nil {
		return
	}
	p.engaging.RLock()
	defer p.engaging.RUnlock()
	if !p.talks(id, to) || !p.isKnown(id) {
		return
	}
	p.note(id, func(s *standing) { s.engaged, s.failure = true, nil }) // whatever it was, it is tried again
	to.Engage(id, p.shared(id))
}

// Link returns the state of the link: the present one at once, and then the
// newest whenever it has changed. The channel is closed when ctx ends or the
// peer is closed.
func (p *Peer) Link(ctx context.Context) <-chan LinkState {
	f := newFeed[struct{}](func(_, later LinkState) LinkState { return later })
	return stream(ctx, p, f.wake, f.next, func() func() {
		p.link.mu.Lock()
		defer p.link.mu.Unlock()
		f.put(struct{}{}, p.link.state)
		return p.link.readers.add(everything, f)
	})
}

// connect makes one link, and returns how long it stood and why it ended.
func (p *Peer) connect(ctx context.Context) (stood time.Duration, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p.link.mu.Lock()
	p.link.end = cancel
	p.link.mu.Unlock()
	p.link.set(func(s *LinkState) { s.Phase, s.Retry = Connecting, 0 })
	conn, err := socket.Dial(ctx, p.config.Relay, socket.Options{Header: p.config.Header, TLS: p.config.TLS})
	if err != nil {
		return 0, fmt.Errorf("peer: connect to the relay: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close(socket.CodeNormal, "") })
	defer stop()
	err = p.hub.Join(conn, p.linked)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	err = fmt.Errorf("peer: the link to %s ended: %w", p.config.Relay, err)
	return p.unlink(err), err
}

// linked begins to talk about collections and about all other documents.
func (p *Peer) linked(to *hub.Link) {
	name := nameStorage(to.Peer().Metadata.StorageID)
	p.config.Logger.Info("linked to the relay", "relay", p.config.Relay, "peer", to.Peer().SenderID)
	p.remember(name)
	p.link.mu.Lock()
	p.link.to, p.link.since = to, time.Now()
	p.link.mu.Unlock()
	p.alignAll()
	if err := p.converseAboutAll(to); err != nil {
		p.config.Logger.Error("could not list the documents; those that are missing are not synced", "error", err)
	}
	for _, id := range append(p.wanted(), p.watchers.listeners.interests()...) {
		p.engage(id)
	}
	p.link.set(func(s *LinkState) { s.Phase, s.Err = CatchingUp, nil })
}

// alignAll has all collections do what the link, or its end, makes them do.
func (p *Peer) alignAll() {
	for _, c := range p.collections.all() {
		if err := c.owe(context.Background()); err != nil {
			p.config.Logger.Error("what the relay lacks can't be told", "collection", c.name, "error", err)
		}
		c.align()
	}
}

// remember notes whose store the shared heads are about from now on. What another
// one had, or refused, means nothing.
func (p *Peer) remember(name storageName) {
	p.link.mu.Lock()
	isSame := name == p.link.storage
	p.link.storage, p.link.greeted = name, isSame
	p.link.mu.Unlock()
	if isSame {
		return
	}
	p.forEach(func(id crdt.DocumentID, s *standing) {
		if s.refused != "" {
			p.scribe.delete(documentKey(keyRefused, id))
		}
		s.synced, s.refused = false, ""
	})
	p.scribe.put([]byte(keyRelay), name[:])
	for _, c := range p.collections.all() {
		c.unlearn()
	}
	p.link.mu.Lock()
	p.link.greeted = true // from now on nothing is left of another one
	p.link.mu.Unlock()
}

// unlink notes that there is no link any more, if there was one, and returns how
// long it stood.
func (p *Peer) unlink(why error) (stood time.Duration) {
	// First of all, lest the documents that count no more look like all done.
	p.link.set(func(s *LinkState) { s.Phase, s.Err = Offline, why })
	p.link.mu.Lock()
	if p.link.to != nil {
		stood = time.Since(p.link.since)
	}
	p.link.to = nil
	p.link.mu.Unlock()
	p.voice.hush()
	p.alignAll()
	p.forEach(func(_ crdt.DocumentID, s *standing) {
		s.engaged, s.heard, s.unavailable, s.ahead = false, false, false, false
	})
	return stood
}

func (p *Peer) forEach(change func(id crdt.DocumentID, s *standing)) {
	p.mu.Lock()
	ids := make([]crdt.DocumentID, 0, len(p.docs))
	for id := range p.docs {
		ids = append(ids, id)
	}
	p.mu.Unlock()
	for _, id := range ids {
		p.note(id, func(s *standing) { change(id, s) })
	}
}
