package socket

import "runtime"

// share is what one frame holds of a [Budget]. A nil share is of no budget and
// has no bounds.
type share struct {
	account *account
	cleanup runtime.Cleanup
}

// account is a share's content. It outlives a share that was dropped without
// being released.
type account struct {
	budget *Budget
	held   int64 // guarded by budget.mu
	lent   bool  // guarded by budget.mu
}

// open begins a share. A connection without a budget has none.
func (b *Budget) open() *share {
	if b == nil {
		return nil
	}
	s := &share{account: &account{budget: b}}
	s.cleanup = runtime.AddCleanup(s, b.giveBack, s.account)
	return s
}

// grow takes n bytes more, waiting for them until done is closed.
func (s *share) grow(n int64, done <-chan struct{}) error {
	if s == nil {
		return nil
	}
	w := s.account.budget.ask(s.account, n)
	if w == nil {
		return nil
	}
	select {
	case <-w.granted:
		return nil
	case <-done:
		s.account.budget.forget(w)
		return ErrClosed
	}
}

// content is what the share holds; nil if it has no bounds.
func (s *share) content() *account {
	if s == nil {
		return nil
	}
	return s.account
}

// release gives everything back.
func (s *share) release() {
	if s != nil {
		s.account.budget.giveBack(s.account)
		s.cleanup.Stop()
	}
}
