package peer_test

import (
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// follower watches a record that another peer changes.
type follower struct {
	b    *testing.B
	from *peer.Records[person]
	id   crdt.DocumentID
	news <-chan peer.RecordEvent[person]
	n    int
}

// follow has one peer create a record, and another watch it.
func follow(b *testing.B, from, to *node) *follower {
	b.Helper()
	there := of[person](b, to, "bench/news")
	f := &follower{b: b, from: of[person](b, from, "bench/news"), n: 100}
	f.id = made(b, f.from, someone(f.n))
	f.news = there.Watch(b.Context(), f.id)
	next(b, f.news)
	return f
}

func (f *follower) change() time.Duration {
	f.n++
	start := time.Now()
	err := f.from.Update(f.b.Context(), f.id, func(who *person) error { who.Age = f.n; return nil })
	if err != nil {
		f.b.Fatal(err)
	}
	for next(f.b, f.news).After.Age != f.n {
	}
	return time.Since(start)
}

func reportDelays(b *testing.B, delays []time.Duration) {
	b.ReportMetric(median(delays).Seconds()*1e3, "p50-ms")
	b.ReportMetric(quantile(delays, 0.99).Seconds()*1e3, "p99-ms")
}

// From before a record is changed at one peer until somebody who watches it at
// another is told, through a relay.
func BenchmarkRecordsWatch(b *testing.B) {
	r := startRelay(b)
	ann, bob := quiet(b, peer.Config{Relay: r.url()}), quiet(b, peer.Config{Relay: r.url()})
	ann.online()
	bob.online()
	f := follow(b, ann, bob)
	var took []time.Duration
	for b.Loop() {
		took = append(took, f.change())
	}
	reportDelays(b, took)
}
