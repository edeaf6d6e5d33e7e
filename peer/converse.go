package peer

import (
	"context"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/hub"
)

// talks reports whether a document is to be talked about with the relay. Records
// that the relay announces and listens to are talked about only while somebody looks
// for them, or has them open together with others.
func (p *Peer) talks(id crdt.DocumentID, to *hub.Link) bool {
	c := p.collections.owner(id)
	if c == nil {
		return !p.collections.isDamaged(id) // which may be one that stays here
	}
	switch mode := c.now().Mode; {
	case mode.is(localOnly):
		return false
	case p.known(id).wanted || p.watchers.listensTo(id):
		return true
	case to.Speaks():
		return false
	default:
		return mode == 0 || c.isAsked()
	}
}

// isAsked reports whether somebody pushes or pulls at the moment.
func (c *collection) isAsked() bool {
	c.traffic.mu.Lock()
	defer c.traffic.mu.Unlock()
	return c.traffic.pull.wanted+c.traffic.push.wanted > 0
}

// converse begins to talk about the collection's documents, or stops, as it should
// be now.
func (c *collection) converse(ctx context.Context) error {
	p := c.peer
	to := p.link.present()
	if to == nil {
		return nil
	}
	for info, err := range p.store.Documents(ctx, c.tag[:], crdt.DocumentID{}) {
		if err != nil {
			return err
		}
		id := info.Document
		if c.check(id) == nil && p.known(id).engaged && !p.talks(id, to) {
			p.disengage(id, to)
			continue
		}
		p.engage(id)
	}
	return nil
}

// disengage stops to talk about a document.
func (p *Peer) disengage(id crdt.DocumentID, to *hub.Link) {
	p.engaging.Lock()
	defer p.engaging.Unlock()
	p.note(id, func(s *standing) { s.engaged, s.heard, s.unavailable, s.ahead = false, false, false, false })
	to.Release(id)
}

// converseAboutAll begins to talk about all documents that are to be talked about.
// Collections that the relay announces are passed over: they may be large.
func (p *Peer) converseAboutAll(to *hub.Link) error {
	for after := (crdt.DocumentID{}); ; {
		next, err := p.converseFrom(to, after)
		if next == nil || err != nil {
			return err
		}
		after = *next
	}
}

// converseFrom returns where to go on, if there is more.
func (p *Peer) converseFrom(to *hub.Link, after crdt.DocumentID) (*crdt.DocumentID, error) {
	for info, err := range p.store.Documents(context.Background(), nil, after) {
		if err != nil {
			return nil, err
		}
		c := p.collections.owner(info.Document)
		if c == nil || !to.Speaks() {
			p.engage(info.Document)
			continue
		}
		last := crdt.DocumentID{}
		for i := range last {
			last[i] = 0xff
		}
		copy(last[:], c.tag[:])
		return &last, nil
	}
	return nil, nil
}
