package peer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/storage"
)

// State says how far a document has come.
type State uint8

// The states of a document.
const (
	// NotHere: it has not arrived yet, and whether the relay has it isn't known.
	NotHere State = iota
	// Unavailable: it is not here, and the relay says that it doesn't have it.
	Unavailable
	// Pending: it is here, and holds something that the relay isn't known to have.
	Pending
	// Synced: the relay has said that it has all that is here.
	Synced
	// Refused: the relay will never take some change that is here, nor what was
	// made after it.
	Refused
)

var stateNames = [...]string{"not here", "unavailable", "pending", "synced", "refused"}

// String returns the state's name, in lower case.
func (s State) String() string { return stateNames[s] }

// Status is what is known of a document.
type Status struct {
	State State
	// Reason is why the relay refused a change, in one word; see docs/PROTOCOL.md.
	Reason string
	// Err is why the document can't be opened, though it may be synced: it is
	// damaged, or [ErrSetAside]. nil = nothing is known to be wrong.
	Err error
	// Changes is how many changes are here, and Bytes how many bytes they have.
	Changes int
	Bytes   int64
}

// standing is what is known of a document besides its log.
type standing struct {
	wanted      bool // to be found
	unavailable bool
	engaged     bool // talked about with the relay
	heard       bool // the relay has said what it has, over this link
	synced      bool // it has all that we have
	ahead       bool // it has more
	refused     string
	aside       string
	failure     *failure
}

// failure is why a document could not be loaded or stored.
type failure struct{ error }

// settled reports whether nothing more is to be expected from the relay.
func (s *standing) settled() bool {
	return s.unavailable || s.refused != "" || s.failure != nil || s.heard && s.synced && !s.ahead
}

// loadStandings reads what is known since former times.
func (p *Peer) loadStandings() error {
	for _, rows := range []struct {
		prefix string
		note   func(s *standing, value string)
	}{
		{keyWant, func(s *standing, _ string) { s.wanted = true }},
		{keyRefused, func(s *standing, reason string) { s.refused = reason }},
		{keyAside, func(s *standing, why string) { s.aside = why }},
	} {
		for entry, err := range p.store.Scan(context.Background(), []byte(rows.prefix)) {
			if err != nil {
				return err
			}
			rows.note(p.standing(documentOf(entry.Key)), string(entry.Value))
		}
	}
	row, err := p.store.Get([]byte(keyRelay))
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	copy(p.link.storage[:], row)
	return err
}

// standing returns what is known of a document, to be changed; p.mu is held.
func (p *Peer) standing(id crdt.DocumentID) *standing {
	s := p.docs[id]
	if s == nil {
		s = &standing{}
		p.docs[id] = s
	}
	return s
}

// note changes what is known of a document, and tells the watchers.
func (p *Peer) note(id crdt.DocumentID, change func(s *standing)) {
	p.mu.Lock()
	s := p.standing(id)
	before := *s
	change(s)
	after := *s
	p.mu.Unlock()
	p.link.count(before, after)
	if before != after {
		p.watchers.tell(Event{Document: id, peer: p})
	}
}

func (p *Peer) isHere(id crdt.DocumentID) bool {
	_, err := p.store.Document(id)
	return !errors.Is(err, storage.ErrNotFound)
}

func (p *Peer) isKnown(id crdt.DocumentID) bool {
	p.mu.Lock()
	s := p.docs[id]
	wanted := s != nil && s.wanted
	p.mu.Unlock()
	return wanted || p.isHere(id)
}

// want notes durably that a document is to be found, and asks for it.
func (p *Peer) want(id crdt.DocumentID) error {
	p.mu.Lock()
	s := p.docs[id]
	wanted := s != nil && s.wanted
	p.mu.Unlock()
	if !wanted {
		batch := &storage.Batch{Puts: []storage.Entry{{Key: documentKey(keyWant, id)}}}
		// Not bound by ctx: whoever has no time to wait wants it all the same.
		if _, err := p.store.Commit(context.Background(), batch); err != nil {
			return err
		}
	}
	p.note(id, func(s *standing) { s.wanted = true })
	p.engage(id)
	return nil
}

// wanted returns the documents that are looked for and not here, ascending.
func (p *Peer) wanted() []crdt.DocumentID {
	p.mu.Lock()
	var ids []crdt.DocumentID
	for id, s := range p.docs {
		if s.wanted {
			ids = append(ids, id)
		}
	}
	p.mu.Unlock()
	ids = slices.DeleteFunc(ids, p.isHere)
	slices.SortFunc(ids, func(a, b crdt.DocumentID) int { return slices.Compare(a[:], b[:]) })
	return ids
}

// drop forgets what is known of a document.
func (p *Peer) drop(id crdt.DocumentID) {
	p.note(id, func(s *standing) { *s = standing{} })
	p.mu.Lock()
	delete(p.docs, id)
	p.mu.Unlock()
	p.link.release(id)
}

// deleteAll deletes what is kept of a document besides its actor.
func (p *Peer) deleteAll(ctx context.Context, id crdt.DocumentID) error {
	p.scribe.forget(sharedKey(p.link.relay(), id), documentKey(keyRefused, id))
	batch := &storage.Batch{Deletes: [][]byte{
		documentKey(keyRefused, id), documentKey(keyAside, id), sharedKey(p.link.relay(), id),
	}}
	if _, err := p.store.Commit(ctx, batch); err != nil {
		return err
	}
	return p.deletePrefix(ctx, string(documentKey(keySaved, id)))
}

// absence says why a document is not here.
func (p *Peer) absence(id crdt.DocumentID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch s := p.docs[id]; {
	case s == nil || !s.wanted:
		return fmt.Errorf("%w: %s; find it first", ErrUnknown, id)
	case s.unavailable:
		return fmt.Errorf("%w: %s", ErrUnavailable, id)
	default:
		return fmt.Errorf("%w: %s", ErrNotHere, id)
	}
}

// Status returns what is known of the document.
func (d *Document) Status() (Status, error) {
	if err := d.peer.enter(); err != nil {
		return Status{}, err
	}
	defer d.peer.running.Done()
	return d.status()
}

func (d *Document) status() (Status, error) {
	p := d.peer
	p.mu.Lock()
	var s standing
	if known := p.docs[d.id]; known != nil {
		s = *known
	}
	p.mu.Unlock()
	status := Status{Reason: s.refused}
	if s.failure != nil {
		status.Err = s.failure.error
	}
	if s.aside != "" {
		status.Err = asideError(d.id, s.aside)
	}
	info, err := p.store.Document(d.id)
	status.Changes, status.Bytes = info.Changes, info.Bytes
	switch {
	case errors.Is(err, storage.ErrNotFound) && !s.wanted:
		return status, fmt.Errorf("%w: %s; find it first", ErrUnknown, d.id)
	case errors.Is(err, storage.ErrNotFound) && s.unavailable:
		status.State = Unavailable
	case errors.Is(err, storage.ErrNotFound):
		status.State = NotHere
	case err != nil:
		return status, fmt.Errorf("peer: status of %s: %w", d.id, err)
	case s.refused != "":
		status.State = Refused
	case s.synced || !s.heard && p.wasSynced(info):
		status.State = Synced
	default:
		status.State = Pending
	}
	return status, nil
}

// wasSynced reports whether all of a document was at the relay when we last
// heard of it.
func (p *Peer) wasSynced(info storage.Info) bool {
	shared := p.shared(info.Document)
	return len(shared) > 0 && slices.Equal(shared, info.Heads)
}

// shared returns the heads that both sides are known to have, ascending.
func (p *Peer) shared(id crdt.DocumentID) []crdt.Hash {
	key := sharedKey(p.link.relay(), id)
	row, ok := p.scribe.pending(key)
	if !ok {
		var err error
		if row, err = p.store.Get(key); err != nil {
			return nil // it is a matter of cost only
		}
	}
	return hashesOf(row)
}

func hashesOf(row []byte) []crdt.Hash {
	hashes := make([]crdt.Hash, len(row)/len(crdt.Hash{}))
	for i := range hashes {
		copy(hashes[i][:], row[i*len(hashes[i]):])
	}
	return hashes
}

// maxShared is how many shared heads are kept. More are rare, and cost a
// Bloom filter at the next meeting.
const maxShared = 256

func (p *Peer) keepShared(id crdt.DocumentID, shared []crdt.Hash) {
	relay := p.link.relay()
	if relay == (storageName{}) || len(shared) > maxShared {
		return
	}
	row := make([]byte, 0, len(shared)*len(crdt.Hash{}))
	for _, h := range shared {
		row = append(row, h[:]...)
	}
	p.scribe.put(sharedKey(relay, id), row)
}

// heard notes what the relay is known to have.
func (p *Peer) heard(id crdt.DocumentID, h hub.Standing) {
	p.note(id, func(s *standing) {
		s.heard, s.synced, s.ahead = true, h.Synced, h.Ahead
		if h.Has {
			s.unavailable = false
		}
	})
	p.keepShared(id, h.Shared)
}
