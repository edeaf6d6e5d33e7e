package peer

import (
	"context"
	"sync"
)

// feed brings news to one reader of a channel. What the reader has not taken
// yet is merged by key, so a slow reader costs a bounded amount of memory and
// holds up nobody.
type feed[K comparable, V any] struct {
	merge func(earlier, later V) V

	mu      sync.Mutex
	waiting map[K]V
	order   []K
	wake    chan struct{} // of size one
}

func newFeed[K comparable, V any](merge func(earlier, later V) V) *feed[K, V] {
	return &feed[K, V]{merge: merge, waiting: map[K]V{}, wake: make(chan struct{}, 1)}
}

func (f *feed[K, V]) put(key K, news V) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if earlier, waits := f.waiting[key]; waits {
		f.waiting[key] = f.merge(earlier, news)
		return
	}
	f.waiting[key] = news
	f.order = append(f.order, key)
	nudge(f.wake)
}

// nudge wakes whoever reads a channel of size one, at once or soon.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (f *feed[K, V]) take() (key K, news V, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.order) == 0 {
		return key, news, false
	}
	key = f.order[0]
	news = f.waiting[key]
	delete(f.waiting, key)
	if f.order = f.order[1:]; len(f.order) == 0 {
		f.order = nil
	}
	return key, news, true
}

// next is take without the key.
func (f *feed[K, V]) next() (V, bool) {
	_, news, ok := f.take()
	return news, ok
}

// stream returns a channel to which what next returns is passed on, until ctx ends or
// the peer is closed; wake says that there may be more. The reader joins before it
// returns, and leaves when the channel is closed.
func stream[V any](ctx context.Context, p *Peer, wake <-chan struct{}, next func() (V, bool), join func() (leave func())) <-chan V {
	out := make(chan V)
	if p.enter() != nil {
		close(out)
		return out
	}
	leave := join()
	go func() {
		defer p.running.Done()
		defer close(out)
		defer leave()
		deliver(ctx, p.closing, wake, next, out)
	}()
	return out
}

func deliver[V any](ctx context.Context, done, wake <-chan struct{}, next func() (V, bool), out chan<- V) {
	for {
		news, ok := next()
		to, more := out, (<-chan struct{})(nil)
		if !ok {
			to, more = nil, wake
		}
		select {
		case to <- news:
		case <-more:
		case <-ctx.Done():
			return
		case <-done:
			return
		}
	}
}
