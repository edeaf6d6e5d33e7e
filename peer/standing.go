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
	// made after it. Or it can't have it: "damaged" is a record that can't be read
	// here any more.
	Refused
	// Local: it is here, and a record of a collection that stays here; see
	// [LocalOnly].
	Local
)

var stateNames = [...]string{"not here", "unavailable", "pending", "synced", "refused", "local"}

// String returns the state's name, in lower case.
func (s State) String() string { return stateNames[s] }

// Status is what is known of a document.
type Status struct {
	State State
	// Reason is why the relay refused a change, or doesn't get it, in one word; see
	// docs/PROTOCOL.md.
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
	leaving     bool // about to be forgotten: nobody is to bring it
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

// isFinal reports whether trying again is of no use. Otherwise the link ends, and
// the next one tries again.
func (f *failure) isFinal() bool {
	return f != nil && errors.Is(f.error, storage.ErrDamaged)
}

// settled reports whether nothing more is to be expected from the relay.
func (s *standing) settled() bool {
	return s.unavailable || s.refused != "" || s.failure.isFinal() || s.heard && s.synced && !s.ahead
}

// loadStandings reads what is known since former times.
func (p *Peer) loadStandings() error {
	for _, rows := range []struct {
		prefix string
		note   func(s *standing, value string)
		lost   string // the value of a damaged one, whose key says the rest
	}{
		{keyWant, func(s *standing, _ string) { s.wanted = true }, ""},
		{keyRefused, func(s *standing, reason string) { s.refused = reason }, "unknown"},
		{keyAside, func(s *standing, why string) { s.aside = why }, "it isn't known any more why"},
	} {
		err := p.eachRow(rows.prefix, func(id crdt.DocumentID, value string, damaged bool) error {
			if damaged {
				value = rows.lost
			}
			rows.note(p.standing(id), value)
			return nil
		})
		if err != nil {
			return err
		}
	}
	row, err := p.store.Get([]byte(keyRelay))
	switch {
	case errors.Is(err, storage.ErrDamaged):
		p.warnDamaged(err) // nothing is shared with a relay that nobody knows
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	}
	copy(p.link.storage[:], row)
	return nil
}

// eachRow calls use with the rows of documents that are kept under a prefix. One that is
// damaged is no other's business.
func (p *Peer) eachRow(prefix string, use func(id crdt.DocumentID, value string, damaged bool) error) error {
	for entry, err := range p.store.Scan(context.Background(), []byte(prefix)) {
		damaged := errors.Is(err, storage.ErrDamaged)
		switch {
		case damaged:
			p.warnDamaged(err)
		case err != nil:
			return err
		}
		if err := use(documentOf(entry.Key), string(entry.Value), damaged); err != nil {
			return err
		}
	}
	return nil
}

func (p *Peer) warnDamaged(err error) {
	p.config.Logger.Warn("a row beside the log is damaged: what it says is done without", "path", p.config.Path, "error", err)
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
	if p.noted(id, change) {
		p.watchers.tell(Event{Document: id, peer: p})
		if c := p.collections.owner(id); c != nil {
			c.restate(id)
		}
	}
}

// noted changes what is known of a document, and reports whether anything is
// different now. Counting under the same lock makes sure that nobody ever sees a
// sum in which one document makes up for another.
func (p *Peer) noted(id crdt.DocumentID, change func(s *standing)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.docs[id]
	if s == nil {
		s = &standing{}
	}
	before := *s
	change(s)
	after := *s
	if after == (standing{}) {
		delete(p.docs, id) // most documents are just here
	} else {
		p.docs[id] = s
	}
	p.link.count(before, after)
	return before != after
}

// known returns what is known of a document.
func (p *Peer) known(id crdt.DocumentID) standing {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.docs[id]; s != nil {
		return *s
	}
	return standing{}
}

// isHere reports whether there are changes of a document.
func (p *Peer) isHere(id crdt.DocumentID) bool {
	_, err := p.store.Document(id)
	return !errors.Is(err, storage.ErrNotFound)
}

// isKnown reports whether a document is here or to be found.
func (p *Peer) isKnown(id crdt.DocumentID) bool {
	s := p.known(id)
	return !s.leaving && (s.wanted || p.isHere(id))
}

// want notes durably that a document is to be found, and asks for it, again if
// the relay said that it doesn't have it. No context bounds that: whoever has no
// time to wait wants it all the same.
func (p *Peer) want(id crdt.DocumentID) error {
	e, err := p.engines.lock(context.Background(), id) // it may be about to be forgotten
	if err != nil {
		return err
	}
	defer p.engines.unlockQuietly(e)
	if p.isHere(id) {
		return nil
	}
	if !p.known(id).wanted {
		p.scribe.forget(documentKey(keyWant, id), documentKey(keyRefused, id))
		batch := &storage.Batch{
			Puts:    []storage.Entry{{Key: documentKey(keyWant, id)}},
			Deletes: [][]byte{documentKey(keyRefused, id)},
		}
		if _, err := p.store.Commit(context.Background(), batch); err != nil {
			return err
		}
	}
	p.note(id, func(s *standing) { s.wanted, s.unavailable, s.refused = true, false, "" })
	p.engage(id)
	return nil
}

// wanted returns the documents that are looked for and not here, ascending.
func (p *Peer) wanted() []crdt.DocumentID {
	p.mu.Lock()
	var ids []crdt.DocumentID
	for id, s := range p.docs {
		if s.wanted && !s.leaving {
			ids = append(ids, id)
		}
	}
	p.mu.Unlock()
	ids = slices.DeleteFunc(ids, p.isHere)
	slices.SortFunc(ids, compareIDs)
	return ids
}

func compareIDs(a, b crdt.DocumentID) int { return slices.Compare(a[:], b[:]) }

func unknown(id crdt.DocumentID) error {
	return fmt.Errorf("%w: %s; find it first", ErrUnknown, id)
}

// absence says why a document is not here.
func (p *Peer) absence(id crdt.DocumentID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch s := p.docs[id]; {
	case s == nil || !s.wanted || s.leaving:
		return unknown(id)
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
	status, _, err := d.look()
	return status, err
}

// look returns the document's status, and what it follows from.
func (d *Document) look() (Status, standing, error) {
	p := d.peer
	if c := p.collections.owner(d.id); c != nil {
		if err := c.owe(context.Background()); err != nil {
			return Status{}, standing{}, fmt.Errorf("peer: status of %s: %w", d.id, err)
		}
	}
	s := p.known(d.id)
	info, err := p.store.Document(d.id)
	here := !errors.Is(err, storage.ErrNotFound)
	switch {
	case s.leaving, !here && !s.wanted:
		return Status{}, s, unknown(d.id)
	case here && err != nil:
		return Status{}, s, fmt.Errorf("peer: status of %s: %w", d.id, err)
	}
	status := Status{State: p.stateOf(s, info, here), Reason: s.refused, Changes: info.Changes, Bytes: info.Bytes}
	if s.failure != nil {
		status.Err = s.failure.error
	}
	if s.aside != "" {
		status.Err = asideError(d.id, s.aside)
	}
	return status, s, nil
}

func (p *Peer) stateOf(s standing, info storage.Info, here bool) State {
	if c := p.collections.owner(info.Document); c != nil && here {
		return c.stateOf(info.Document, s)
	}
	switch {
	case !here && s.unavailable:
		return Unavailable
	case !here:
		return NotHere
	case s.refused != "":
		return Refused
	case s.synced || !s.heard && p.wasSynced(info):
		return Synced
	default:
		return Pending
	}
}

// stateOf is stateOf for a record that is here. It reads nothing, so owe comes
// before it.
func (c *collection) stateOf(id crdt.DocumentID, s standing) State {
	switch {
	case c.now().Mode.is(localOnly):
		return Local
	case s.refused != "":
		return Refused
	case c.outbox.has(id):
		return Pending
	default:
		return Synced
	}
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
	first := false
	p.note(id, func(s *standing) {
		first = !s.heard && !s.unavailable
		s.heard, s.synced, s.ahead = true, h.Synced, h.Ahead
		if h.Has {
			s.unavailable = false
		}
	})
	if h.Synced {
		p.accepted(id)
		p.delivered(id, h.Shared)
	}
	if first {
		p.watchers.linked(id)
	}
	p.keepShared(id, h.Shared)
}

// accepted notes that the relay has thought better of what it refused, if it did.
func (p *Peer) accepted(id crdt.DocumentID) {
	was := false
	p.note(id, func(s *standing) { was, s.refused = s.refused != "", "" })
	if was {
		p.scribe.delete(documentKey(keyRefused, id))
	}
}

// delivered notes that the relay has all of a document up to some heads.
func (p *Peer) delivered(id crdt.DocumentID, heads []crdt.Hash) {
	c := p.collections.owner(id)
	if c == nil || !c.outbox.has(id) || !slices.Equal(p.headsOf(id), heads) {
		return
	}
	if c.outbox.drop(id) {
		c.retell()
		p.watchers.tell(Event{Document: id, peer: p})
		c.restate(id)
	}
}
