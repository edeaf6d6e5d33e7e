package peer

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/wire"
)

// voice is how this peer speaks to others. Counts grow within a session, in
// the order of sending; receivers pass over what isn't new. As the hub's
// observer it knows what has not been sent yet, so that the last words can be.
type voice struct {
	hub.Silent

	speaking sync.Mutex // held while something is said, for the order's sake

	mu      sync.Mutex
	session string
	count   uint64
	unsent  int           // over the present link
	sent    chan struct{} // closed when nothing is unsent any more; nil = nobody waits
}

// lastWords is how long Close waits for what was said to be sent.
const lastWords = 500 * time.Millisecond

func (v *voice) say(to *hub.Link, id crdt.DocumentID, data []byte) {
	v.speaking.Lock()
	defer v.speaking.Unlock()
	to.Whisper(v.next(id, data))
}

func (v *voice) next(id crdt.DocumentID, data []byte) wire.Ephemeral {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.session == "" {
		v.session = uuid.NewString()
	}
	v.count++
	v.unsent++
	return wire.Ephemeral{Document: id, SessionID: v.session, Count: v.count, Data: data}
}

// hush forgets what a link that has ended left unsent: nobody waits for that.
func (v *voice) hush() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.left(0)
}

// finish waits, not for long, until all that was said is sent.
func (v *voice) finish() {
	v.mu.Lock()
	if v.unsent == 0 {
		v.mu.Unlock()
		return
	}
	if v.sent == nil {
		v.sent = make(chan struct{})
	}
	sent := v.sent // of all who wait
	v.mu.Unlock()
	select {
	case <-sent:
	case <-time.After(lastWords):
	}
}

func (v *voice) dealtWith() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.left(max(v.unsent-1, 0))
}

// left notes how much is unsent; v.mu is held.
func (v *voice) left(unsent int) {
	if v.unsent = unsent; unsent == 0 && v.sent != nil {
		close(v.sent)
		v.sent = nil
	}
}

// Sent is told by the hub of every frame that was written.
func (v *voice) Sent(kind string, _ int) {
	if kind == (wire.Ephemeral{}).Kind() {
		v.dealtWith()
	}
}

// Dropped is told by the hub of ephemeral messages that are not passed on.
func (v *voice) Dropped(string) { v.dealtWith() }
