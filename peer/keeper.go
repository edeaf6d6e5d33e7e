package peer

import (
	"strings"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/wire"
)

// keeper is what the hub sees of a peer. Nothing here waits.
type keeper Peer

func (k *keeper) Admits(id docid.ID) bool {
	p := (*Peer)(k)
	to := p.link.present()
	return to != nil && p.isKnown(id) && p.talks(id, to)
}

func (k *keeper) Appended(id docid.ID, base int, changes []*change.Change, local bool) {
	p := (*Peer)(k)
	if e := p.engines.find(id); e != nil && local {
		e.made.Store(int64(base + len(changes) - 1))
	}
	arrived := false
	p.noted(id, func(s *standing) {
		arrived = s.wanted
		s.wanted, s.unavailable, s.failure = false, false, nil
		if local {
			s.synced = false
		}
	})
	if arrived {
		p.scribe.delete(documentKey(keyWant, id))
	}
	p.watchers.tell(Event{Document: id, Local: local, Remote: !local, peer: p})
	if !local {
		p.lookForTwin(id, changes)
	}
}

// lookForTwin begins a new life if somebody brings changes of our own that we
// didn't know of.
func (p *Peer) lookForTwin(id crdt.DocumentID, changes []*change.Change) {
	actor := p.identity.actorOf(id)
	for _, c := range changes {
		if c.Actor == actor {
			p.renewSoon(actor, id)
			return
		}
	}
}

func (p *Peer) renewSoon(actor crdt.ActorID, id crdt.DocumentID) {
	if p.enter() != nil {
		return
	}
	go func() {
		defer p.running.Done()
		if err := p.renew(actor, id); err != nil {
			p.config.Logger.Error("could not begin a new life", "path", p.config.Path, "error", err)
		}
	}()
}

func (k *keeper) Heard(id docid.ID, s hub.Standing) { (*Peer)(k).heard(id, s) }

func (k *keeper) Unavailable(id docid.ID) {
	p := (*Peer)(k)
	first := false
	p.note(id, func(s *standing) {
		first = !s.heard && !s.unavailable
		s.unavailable = true
	})
	if first {
		p.watchers.linked(id)
	}
}

func (k *keeper) Refused(id docid.ID, hashes []change.Hash, reason string, here bool) {
	p := (*Peer)(k)
	hashes = hashes[:min(len(hashes), maxTold)]
	if here { // the hub has told the log
		p.watchers.tell(Event{Document: id, Refused: hashes, Reason: reason, peer: p})
		return
	}
	reason = word(reason)
	names := make([]string, len(hashes))
	for i, h := range hashes {
		names[i] = h.String()
	}
	p.config.Logger.Warn("the relay refuses changes of ours", "document", id, "changes", strings.Join(names, " "), "reason", reason)
	p.refused(id, reason)
}

// word returns a relay's reason if it is one word, as it should be: people are
// shown it, on terminals too.
func word(reason string) string {
	const letters, most = "abcdefghijklmnopqrstuvwxyz0123456789-_", 64
	if reason == "" || len(reason) > most || strings.Trim(reason, letters) != "" {
		return "unknown"
	}
	return reason
}

// refused notes that the relay refuses some change. Of several reasons the one is
// kept that the others follow from.
func (p *Peer) refused(id crdt.DocumentID, reason string) {
	const descends = "descends"
	if !p.isKnown(id) {
		return // it has just been forgotten
	}
	p.note(id, func(s *standing) {
		if s.refused != "" && reason == descends {
			reason = s.refused
		}
		s.refused = reason
	})
	p.scribe.put(documentKey(keyRefused, id), []byte(reason))
}

func (k *keeper) Failed(id docid.ID, err error) {
	if p := (*Peer)(k); p.isKnown(id) {
		p.note(id, func(s *standing) { s.failure = &failure{err} })
	}
}

func (k *keeper) Whispered(m wire.Ephemeral) { (*Peer)(k).watchers.whispered(m) }

// Twin begins a new life if the actor is ours: the directory was copied, or has
// lost what it once had.
func (k *keeper) Twin(id docid.ID, actor change.ActorID, _ uint64) {
	if p := (*Peer)(k); actor == p.identity.actorOf(id) {
		p.renewSoon(actor, id)
	}
}
