package storage

import (
	"sync"
	"sync/atomic"
)

// gate counts those who are inside, so that it can be closed behind the last of
// them. Entering costs one atomic addition.
type gate struct {
	state atomic.Int64  // twice as many as are inside, plus one once it is closed
	empty chan struct{} // closed when it is closed and nobody is inside
	once  sync.Once
}

func newGate() *gate { return &gate{empty: make(chan struct{})} }

// enter reports whether the gate is open; if so, leave is due.
func (g *gate) enter() bool {
	if g.state.Add(2)&1 != 0 {
		g.leave()
		return false
	}
	return true
}

func (g *gate) leave() {
	if g.state.Add(-2) == 1 {
		g.once.Do(func() { close(g.empty) })
	}
}

// close lets nobody in any more, and returns when the last is out. It is called
// once.
func (g *gate) close() {
	if g.state.Add(1) == 1 {
		g.once.Do(func() { close(g.empty) })
	}
	<-g.empty
}
