package hub

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/wire"
)

// settle notes what a server that we joined refuses, and what it doesn't any more;
// a.telling is held.
func (a *announcement) settle(taken []docid.ID, refused []wire.NotTaken) {
	if a.over {
		return
	}
	h := a.session.hub
	for _, r := range refused {
		a.setAside(r.Document, r.Reason)
		h.Keeper.Refused(r.Document, r.Hashes, r.Reason, false)
	}
	for _, id := range taken {
		if _, ok := a.asides[id]; ok {
			delete(a.asides, id)
			h.note(asideKey(a.session.neighbour.Origin, id), nil)
			h.follower.Taken(id)
		}
	}
}

// withhold notes that a server that we joined doesn't get some documents, because
// they can't be read here: whatever it answers, it lacks something of them.
func (a *announcement) withhold(damaged []docid.ID) {
	s := a.session
	if s.link == nil || len(damaged) == 0 {
		return
	}
	a.telling.Lock()
	defer a.telling.Unlock()
	s.subs.mu.Lock()
	a.core.Withheld(damaged)
	s.subs.mu.Unlock()
	if a.over {
		return
	}
	for _, id := range damaged {
		a.setAside(id, reasonDamaged)
		s.hub.follower.Withheld(id, reasonDamaged)
	}
}

// setAside notes why the listener lacks something of a document. How far it has come
// is noted after that, so no crash can lose it; a.telling is held.
func (a *announcement) setAside(id docid.ID, reason string) {
	if was, ok := a.asides[id]; !ok || was != reason {
		a.asides[id] = reason
		a.session.hub.note(asideKey(a.session.neighbour.Origin, id), []byte(reason))
	}
}

// Forgive forgets why a server lacks something of a document, which is here no more.
func (h *Hub) Forgive(server [16]byte, id docid.ID) {
	h.note(asideKey(server, id), nil)
	l := h.joinedLink()
	if l == nil {
		return
	}
	l.session.subs.mu.Lock()
	all := slices.Clone(l.session.subs.turns)
	l.session.subs.mu.Unlock()
	for _, a := range all {
		a.telling.Lock()
		delete(a.asides, id)
		a.telling.Unlock()
	}
}
