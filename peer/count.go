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
	era   int // another one each time that live is of no use any more
	live  int
	// underway has the records whose views are being written, and whether live
	// counts them.
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
	if _, ok := c.underway[id]; ok {
		c.underway[id] = is
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
	c.era++
}

// count returns how many records there are. List returns those that are there,
// ascending, each as of some moment while it runs. IsLive reports whether a record
// is there now: what is under way may have become visible already, and whoever
// has seen it wants it counted.
func (c *counter) count(list func() ([]crdt.DocumentID, error), isLive func(crdt.DocumentID) bool) (int, error) {
	if err := c.learn(list); err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.live
	for id, was := range c.underway {
		switch is := isLive(id); {
		case is && !was:
			n++
		case was && !is:
			n--
		}
	}
	return n, nil
}

// learn counts the records if that isn't known.
func (c *counter) learn(list func() ([]crdt.DocumentID, error)) error {
	c.counting.Lock()
	defer c.counting.Unlock()
	c.mu.Lock()
	if c.known {
		c.mu.Unlock()
		return nil
	}
	c.moved = map[crdt.DocumentID]bool{}
	era := c.era
	c.mu.Unlock()
	ids, err := list()
	c.mu.Lock()
	defer c.mu.Unlock()
	moved := c.moved
	c.moved = nil
	if err != nil {
		return err
	}
	// What is under way may be in the list already, but isn't counted yet.
	for id, was := range c.underway {
		moved[id] = was
	}
	c.live, c.known = len(ids), c.era == era // else it may be another count already
	for id, is := range moved {
		_, listed := slices.BinarySearchFunc(ids, id, compareIDs)
		switch {
		case is && !listed:
			c.live++
		case listed && !is:
			c.live--
		}
	}
	return nil
}
