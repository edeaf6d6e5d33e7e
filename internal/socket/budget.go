package socket

import (
	"container/list"
	"sync"
)

// Budget bounds the memory that large frames of many connections hold together.
// A frame takes its share bit by bit, as it arrives, and waits while there is
// none. Its methods may be called from any goroutine.
//
// Frames that each hold a part and wait for more can't block each other for
// ever: room for one frame of the largest size is set aside, and is lent to one
// frame at a time, which then never waits again. It is through when it has
// arrived, or when its connection ends for taking too long, and the next in
// line follows. While anybody waits, it may not take long: see [ErrSlow].
type Budget struct {
	total, largest int64

	mu      sync.Mutex
	free    int64     // of what is not set aside
	lent    bool      // what is set aside has been lent
	waiting list.List // of *waiter, first come first served
}

type waiter struct {
	account *account
	n       int64
	granted chan struct{}
	place   *list.Element
}

// NewBudget returns a budget of total bytes, for frames of up to largest bytes.
// The total is raised to the room of two frames, if it is less.
func NewBudget(total, largest int64) *Budget {
	total = max(total, 2*largest)
	return &Budget{total: total, largest: largest, free: total - largest}
}

// InUse returns how many bytes are reserved now. What is set aside counts as
// a whole while it is lent.
func (b *Budget) InUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	used := b.total - b.largest - b.free
	if b.lent {
		used += b.largest
	}
	return used
}

// contested returns how many bytes the account keeps from others: what it
// holds while anybody waits, none while nobody does.
func (b *Budget) contested(a *account) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.waiting.Len() == 0:
		return 0
	case a.lent:
		return a.held + b.largest
	default:
		return a.held
	}
}

// ask takes n bytes for the account, or returns whom to wait for.
func (b *Budget) ask(a *account, n int64) *waiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.lent {
		return nil
	}
	w := &waiter{account: a, n: n, granted: make(chan struct{})}
	if b.waiting.Len() == 0 && b.grant(w) {
		return nil
	}
	w.place = b.waiting.PushBack(w)
	return w
}

// grant gives the waiter what it asks for, if it is there.
func (b *Budget) grant(w *waiter) bool {
	switch {
	case b.free >= w.n:
		b.free -= w.n
		w.account.held += w.n
	case !b.lent:
		b.lent = true
		w.account.lent = true
	default:
		return false
	}
	return true
}

// forget takes a waiter out of the line. Its account is then to be given back:
// that returns what it may have got meanwhile, and serves those behind it.
func (b *Budget) forget(w *waiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting.Remove(w.place)
}

// giveBack takes everything that the account holds, and serves the line.
func (b *Budget) giveBack(a *account) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += a.held
	a.held = 0
	if a.lent {
		b.lent = false
		a.lent = false
	}
	b.serve()
}

// serve grants what it can, in order. The caller holds b.mu.
func (b *Budget) serve() {
	for first := b.waiting.Front(); first != nil; first = b.waiting.Front() {
		w := first.Value.(*waiter)
		if !b.grant(w) {
			return
		}
		b.waiting.Remove(first)
		close(w.granted)
	}
}
