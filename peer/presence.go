package peer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godwit-sync/godwit/internal/presence"
	"github.com/godwit-sync/godwit/internal/wire"
)

// Presence is who else has a document open, and what they show of themselves,
// such as a name and a cursor: automerge-repo's Presence, for Go.
//
// It lasts until its context ends, or the peer is closed; after [Peer.Run] nobody
// is seen until it runs again. Others are told when it ends, and when Run does; if
// they can't be, they stop seeing a peer that has been silent for 45 s.
type Presence struct {
	doc      *Document
	changed  chan struct{} // of size one
	wake     chan struct{} // of size one: the roster may have to tick earlier
	relinked atomic.Bool   // the others may have missed something

	mu     sync.Mutex // also held while this peer speaks, for the order's sake
	roster *presence.Roster
	ended  bool
}

// Person is somebody else who has a document open.
type Person struct {
	Peer    string         // the peer's id; a human may have several peers
	Session string         // another one after each start of the peer
	State   map[string]any // what it shows of itself, by channel
}

// Presence begins to show this peer to those who have the document open, with
// what own holds by channel, and to see them. One Presence per document is
// enough; two would speak with one voice.
func (d *Document) Presence(ctx context.Context, own map[string]any) (*Presence, error) {
	if err := d.peer.join(&d.peer.running, &d.peer.presences); err != nil {
		return nil, err
	}
	p := &Presence{
		doc: d, changed: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		roster: presence.New(presence.Config{}),
	}
	hello, err := p.roster.Start(time.Now(), own)
	if err != nil {
		d.peer.presences.Done()
		d.peer.running.Done()
		return nil, fmt.Errorf("peer: presence in %s: %w", d.id, err)
	}
	l := &listener{hear: p.hear, linked: p.linked, part: p.part}
	unlisten := d.listen(l)
	d.whisper(hello)
	go func() {
		defer d.peer.running.Done()
		defer d.peer.presences.Done()
		defer unlisten()
		p.run(ctx)
	}()
	return p, nil
}

// Set shows another value in one channel; others see it at once.
func (p *Presence) Set(channel string, value any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	news, err := p.roster.Set(time.Now(), channel, value)
	if err != nil {
		return fmt.Errorf("peer: presence in %s: %w", p.doc.id, err)
	}
	p.doc.whisper(news)
	return nil
}

// Others returns who else is here, by peer id.
func (p *Presence) Others() []Person {
	p.mu.Lock()
	defer p.mu.Unlock()
	others := p.roster.Others()
	people := make([]Person, len(others))
	for i, o := range others {
		people[i] = Person{Peer: o.Peer, Session: o.Session, State: o.State()}
	}
	return people
}

// Changed returns a channel that gets a value after the others have changed;
// several changes may come as one. It is closed when the presence ends.
func (p *Presence) Changed() <-chan struct{} { return p.changed }

func (p *Presence) hear(m wire.Ephemeral) {
	message, err := presence.Parse(m.Data)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	from := presence.Sender{Peer: m.SenderID, Session: m.SessionID}
	p.tell(p.roster.Receive(time.Now(), from, message))
	nudge(p.wake)
}

// linked is called with the document locked in the hub, for which whoever speaks
// may have to wait. So it takes no lock of ours.
func (p *Presence) linked() {
	p.relinked.Store(true)
	nudge(p.wake)
}

// part says goodbye before the link is ended, and is ready to show itself again
// when there is another.
func (p *Presence) part() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	own := p.roster.Own()
	p.doc.whisper(p.roster.Stop())
	if _, err := p.roster.Start(time.Now(), own); err != nil {
		p.doc.peer.config.Logger.Warn("presence can't go on", "document", p.doc.id, "error", err)
	}
	nudge(p.changed)
}

func (p *Presence) tell(events []presence.Event) {
	if len(events) > 0 {
		nudge(p.changed)
	}
}

func (p *Presence) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-p.wake:
		case <-ctx.Done():
			p.end()
			return
		case <-p.doc.peer.closing:
			p.end()
			return
		}
		timer.Reset(p.tick())
	}
}

// tick does what is due, and returns after what time there is more to do.
func (p *Presence) tick() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.relinked.Swap(false) {
		p.doc.whisper(p.roster.Linked(now))
	}
	if next := p.roster.Next(); !next.IsZero() && !next.After(now) {
		news, events := p.roster.Tick(now)
		p.doc.whisper(news)
		p.tell(events)
	}
	if next := p.roster.Next(); !next.IsZero() {
		return time.Until(next)
	}
	return presence.DefaultHeartbeat
}

func (p *Presence) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.doc.whisper(p.roster.Stop())
	close(p.changed)
}
