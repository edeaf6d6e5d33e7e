package peer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/presence"
	"github.com/godwit-sync/godwit/internal/wire"
)

// Message is something that another peer said to those who have a document
// open. It is kept by nobody.
type Message struct {
	From    string // the peer's id
	Session string // another one after each start of the peer
	// Value is nil, bool, int64, float64, string, []byte, time.Time, *big.Int,
	// []any or map[string]any of these.
	Value any
}

// Broadcast says something to all who have the document open now, as
// automerge-repo's handle.broadcast does: any value that JSON could hold, and
// []byte and time.Time, up to 64 KiB. Nothing is kept: without a link, or if it
// gets lost, nobody hears it.
func (d *Document) Broadcast(value any) error {
	data, err := presence.Encode(value)
	if err != nil {
		return fmt.Errorf("peer: broadcast in %s: %w", d.id, err)
	}
	if err := d.peer.enter(); err != nil {
		return err
	}
	defer d.peer.running.Done()
	d.whisper(data)
	return nil
}

func (d *Document) whisper(data []byte) {
	if to := d.peer.link.present(); to != nil && data != nil {
		d.peer.voice.say(to, d.id, data)
	}
}

// maxMessages is how many messages wait for a reader; then the oldest is
// dropped.
const maxMessages = 64

// Messages returns what others broadcast from now on, without what belongs to
// [Document.Presence]. The channel is closed when ctx ends or the peer is
// closed. For a reader that is slow, the oldest messages are dropped.
func (d *Document) Messages(ctx context.Context) <-chan Message {
	box := &inbox{wake: make(chan struct{}, 1)}
	return stream(ctx, d.peer, box.wake, box.take, func() func() { return d.listen(&listener{hear: box.put}) })
}

// inbox holds messages for a reader, as they came: what few bytes stand for may
// take forty times as much memory.
type inbox struct {
	mu      sync.Mutex
	waiting []wire.Ephemeral
	wake    chan struct{}
}

func (b *inbox) put(m wire.Ephemeral) {
	if _, err := presence.Parse(m.Data); !errors.Is(err, presence.ErrOther) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting = append(b.waiting, m); len(b.waiting) > maxMessages {
		b.waiting = slices.Delete(b.waiting, 0, 1)
	}
	nudge(b.wake)
}

// take takes the next message of which anything can be made.
func (b *inbox) take() (Message, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.waiting) > 0 {
		m := b.waiting[0]
		b.waiting = slices.Delete(b.waiting, 0, 1)
		if value, err := presence.Decode(m.Data); err == nil {
			return Message{From: m.SenderID, Session: m.SessionID, Value: value}, true
		}
	}
	return Message{}, false
}

// listener is told what others say about a document, and when the relay first
// talks about it over a link: before that, it passes nothing on. It must neither
// speak nor wait for anything that takes long.
type listener struct {
	hear   func(wire.Ephemeral)
	linked func() // a document is locked, so it mustn't wait for who speaks, either; nil = doesn't matter
	part   func() // the link is about to end, so it may speak; nil = doesn't matter
}

// listen has the document talked about with the relay, and l told what comes of it,
// until the function is called that it returns.
func (d *Document) listen(l *listener) (unlisten func()) {
	p := d.peer
	remove := p.watchers.listeners.add(d.id, l)
	if !p.known(d.id).engaged {
		p.engage(d.id)
	}
	return func() {
		remove()
		if to := p.link.present(); to != nil && p.known(d.id).engaged && !p.talks(d.id, to) {
			p.disengage(d.id, to)
		}
	}
}

// listensTo reports whether somebody listens to what is said about a document.
func (w *watchers) listensTo(id crdt.DocumentID) bool { return len(w.listeners.of(id)) > 0 }

func (w *watchers) whispered(m wire.Ephemeral) {
	for _, l := range w.listeners.of(m.Document) {
		l.hear(m)
	}
}

// linked tells a document's listeners that what they say is heard again.
func (w *watchers) linked(id crdt.DocumentID) {
	for _, l := range w.listeners.of(id) {
		if l.linked != nil {
			l.linked()
		}
	}
}

// part tells all listeners that the link is about to be ended.
func (w *watchers) part() {
	for _, id := range w.listeners.interests() {
		for _, l := range w.listeners.of(id) {
			if l.part != nil {
				l.part()
			}
		}
	}
}
