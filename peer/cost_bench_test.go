package peer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// inTurns does two things in turns: x-plain is the ratio of their medians.
func inTurns(b *testing.B, this, plain func()) {
	b.Helper()
	timed := func(do func()) time.Duration {
		start := time.Now()
		do()
		return time.Since(start)
	}
	this()
	plain()
	var ours, theirs []time.Duration
	for b.Loop() {
		ours, theirs = append(ours, timed(this)), append(theirs, timed(plain))
	}
	b.ReportMetric(median(ours).Seconds()*1e6, "µs/change")
	b.ReportMetric(median(theirs).Seconds()*1e6, "µs/plain-change")
	b.ReportMetric(median(ours).Seconds()/median(theirs).Seconds(), "x-plain")
}

// Others change a record of a long history in which deletes were beaten, or while
// somebody looks at it, and, in turns with that, one without all that.
func BenchmarkRemoteChange(b *testing.B) {
	const length = 10_000
	for name, story := range map[string]struct {
		deletes int
		viewed  bool
	}{"deleted-once": {deletes: 1}, "deleted-twice": {deletes: 2}, "viewed": {viewed: true}} {
		b.Run(name, func(b *testing.B) {
			p := quiet(b, peer.Config{InMemory: true})
			c := of[employee](b, p, "bench/people")
			this, plain := author(b, p, c.NewID()), author(b, p, c.NewID())
			this.beaten(length, story.deletes)
			plain.beaten(length, 0)
			n := 0
			changes := func(a *elsewhere) func() {
				return func() { n++; a.bring(a.write(age(n))) }
			}
			run := func() { inTurns(b, changes(this), changes(plain)) }
			if story.viewed {
				whileViewed(b, p, this.id, run)
			} else {
				run()
			}
		})
	}
}

// A small field of a large record is changed, by others and here, and, in turns
// with that, one of a small record.
func BenchmarkChangeOfLargeRecord(b *testing.B) {
	for name, local := range map[string]bool{"remote": false, "local": true} {
		b.Run(name, func(b *testing.B) {
			p := quiet(b, peer.Config{InMemory: true})
			c := of[employee](b, p, "bench/people", byName)
			change := func(size int) func() {
				a := author(b, p, c.NewID())
				a.bring(a.write(func(root crdt.Map) error {
					return root.Reconcile(employee{Name: "Ada", Title: strings.Repeat("x", size)})
				}))
				doc, n := p.find(a.id), 0
				return func() {
					n++
					if !local {
						a.bring(a.write(age(n)))
					} else if err := doc.Change(b.Context(), age(n)); err != nil {
						b.Fatal(err)
					}
				}
			}
			inTurns(b, change(1<<20), change(1<<10))
		})
	}
}
