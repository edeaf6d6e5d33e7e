package peer

import (
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
)

// counter knows how many records of a collection can be read. They are counted
// when somebody asks first; from then on what changes is added up.
type counter struct {
	counting sync.Mutex // held by whoever counts; before mu

	mu    sync.Mutex
	known bool
	live  int
	// underway has the records whose views are being written, and whether they
	// counted before.
	underway map[crdt.DocumentID]bool
	// moved has, while somebody counts, what was written meanwhile.
	moved map[crdt.DocumentID]bool
}

func (c *counter) started(id crdt.DocumentID, live bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.underway[id] = live
}

// changed notes that a record's view is another now.
func (c *counter) changed(id crdt.DocumentID, was, is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved != nil {
		c.moved[id] = is
	}
	switch {
	case is && !was:
		c.live++
	case was && !is:
		c.live--
	}
}

func (c *counter) ended(id crdt.DocumentID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.underway, id)
}

// forget has them counted again when somebody asks.
func (c *counter) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = false
}

// count returns how many records there are. List returns those that are there,
// ascending, each as of some moment while it runs.
func (c *counter) count(list func() ([]crdt.DocumentID, error)) (int, error) {
	c.counting.Lock()
	defer c.counting.Unlock()
	c.mu.Lock()
	if c.known {
		defer c.mu.Unlock()
		return c.live, nil
	}
	c.moved = map[crdt.DocumentID]bool{}
	c.mu.Unlock()
	ids, err := list()
	c.mu.Lock()
	defer c.mu.Unlock()
	moved := c.moved
	c.moved = nil
	if err != nil {
		return 0, err
	}
	// What is under way may be in the list already, but doesn't count yet.
	for id, was := range c.underway {
		moved[id] = was
	}
	c.live, c.known = len(ids), true
	for id, is := range moved {
		_, listed := slices.BinarySearchFunc(ids, id, compareIDs)
		switch {
		case is && !listed:
			c.live++
		case listed && !is:
			c.live--
		}
	}
	return c.live, nil
}
