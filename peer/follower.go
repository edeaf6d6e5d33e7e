package peer

import (
	"sync"

	"github.com/godwit-sync/godwit/crdt"
)

// follower is a live result, as its collection sees it. What is put into its feed says
// whether the record has changed, or only how far it has come: that matters of records
// that are shown.
type follower struct {
	*feed[crdt.DocumentID, bool]

	mu    sync.Mutex
	shown map[crdt.DocumentID]State
}

func newFollower() *follower {
	either := func(earlier, later bool) bool { return earlier || later }
	return &follower{feed: newFeed[crdt.DocumentID](either), shown: map[crdt.DocumentID]State{}}
}

// show notes how far a record is said to have come. It must be shown before that is
// looked up, lest it moves on unheard.
func (f *follower) show(id crdt.DocumentID, state State) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shown[id] = state
}

func (f *follower) hide(id crdt.DocumentID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.shown, id)
}

func (f *follower) hideAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.shown)
}

// shows returns how far a record was said to have come, if it is shown.
func (f *follower) shows(id crdt.DocumentID) (state State, is bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	state, is = f.shown[id]
	return state, is
}

// restate has it looked up again how far those records have come that are shown.
func (f *follower) restate(ids []crdt.DocumentID) {
	for _, id := range ids {
		if _, is := f.shows(id); is {
			f.put(id, false)
		}
	}
}

func (f *follower) restateAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range f.shown {
		f.put(id, false)
	}
}

// restate tells live results that records may be further than they were.
func (c *collection) restate(ids ...crdt.DocumentID) {
	for _, f := range c.followers.of(everything) {
		f.restate(ids)
	}
}

// restateAll tells them that of all records.
func (c *collection) restateAll() {
	for _, f := range c.followers.of(everything) {
		f.restateAll()
	}
}
