package hub

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

// names knows which collection's name owns a tag. Whoever subscribes to a name, or
// offers it, claims its tag as long as that goes on. It is owned for good by the name
// that has a claim when some document of it becomes durable: the row is part of that
// commit, so there are never more rows than collections with documents. The zero
// value is empty.
type names struct {
	claiming sync.Mutex // one claim at a time looks into the store; before mu

	mu     sync.Mutex
	claims map[docid.Tag]*claim
}

type claim struct {
	name  string
	users int  // subscriptions of that name, and commits under way that hold its row
	owns  bool // durably
}

// claim claims a tag for a name, unless it is another one's; false if it is. Every
// claim is ended by unclaim.
func (h *Hub) claim(tag docid.Tag, name string) (ok bool, err error) {
	n := &h.names
	n.claiming.Lock()
	defer n.claiming.Unlock()
	if ok, known := n.share(tag, name); known {
		return ok, nil
	}
	row, err := h.catalog.Get(tagKey(tag))
	owned := err == nil
	switch {
	case owned && string(row) != name:
		return false, nil
	case !owned && !errors.Is(err, storage.ErrNotFound):
		return false, fmt.Errorf("%w: %w", errStore, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.claims == nil {
		n.claims = map[docid.Tag]*claim{}
	}
	n.claims[tag] = &claim{name: name, users: 1, owns: owned}
	return true, nil
}

// share takes part in a claim that there is.
func (n *names) share(tag docid.Tag, name string) (ok, known bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.claims[tag]
	if c == nil {
		return false, false
	}
	if c.name == name {
		c.users++
	}
	return c.name == name, true
}

func (n *names) unclaim(tag docid.Tag) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drop(tag)
}

// drop ends one use of a claim; n.mu is held.
func (n *names) drop(tag docid.Tag) {
	c := n.claims[tag]
	if c.users--; c.users == 0 {
		delete(n.claims, tag)
	}
}

// register puts the names of a batch's collections into it, as far as they are
// claimed and not owned yet. After the commit, or its failure, registered is called
// with what it returns.
func (n *names) register(b *storage.Batch) (tags []docid.Tag) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := 0; i < len(b.Appends) && len(n.claims) > 0; i++ {
		tag, ok := b.Appends[i].Document.Tag()
		c := n.claims[tag]
		if !ok || c == nil || c.owns || slices.Contains(tags, tag) {
			continue
		}
		c.users++
		tags = append(tags, tag)
		b.Puts = append(b.Puts, storage.Entry{Key: tagKey(tag), Value: []byte(c.name)})
	}
	return tags
}

func (n *names) registered(tags []docid.Tag, err error) {
	if len(tags) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, tag := range tags {
		n.claims[tag].owns = n.claims[tag].owns || err == nil
		n.drop(tag)
	}
}

func tagKey(tag docid.Tag) []byte { return append([]byte(keyTag), tag[:]...) }
