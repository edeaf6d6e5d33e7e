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
	select {
	case f.wake <- struct{}{}:
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

// deliver passes news on until ctx ends, or done is closed.
func (f *feed[K, V]) deliver(ctx context.Context, done <-chan struct{}, out chan<- V) {
	for {
		for {
			_, news, ok := f.take()
			if !ok {
				break
			}
			select {
			case out <- news:
			case <-ctx.Done():
				return
			case <-done:
				return
			}
		}
		select {
		case <-f.wake:
		case <-ctx.Done():
			return
		case <-done:
			return
		}
	}
}
