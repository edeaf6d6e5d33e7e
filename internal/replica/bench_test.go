package replica_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/replica"
)

// BenchmarkAnswer measures a message from every neighbour, which asks for one
// change, and the answers.
func BenchmarkAnswer(b *testing.B) {
	for _, neighbours := range []int{2, 10} {
		b.Run(fmt.Sprintf("neighbours=%d", neighbours), func(b *testing.B) {
			w := newWorld(b)
			for i := range neighbours {
				w.connect(fmt.Sprint(i), false)
			}
			w.edit("0", 1)
			w.settle()
			w.said()
			steps := answers(w)
			b.ReportAllocs()
			for b.Loop() {
				for _, step := range steps {
					step()
				}
			}
		})
	}
}

func answers(w *world) (steps []func()) {
	heads := w.heads()
	for _, name := range w.order {
		n := w.links[name].neighbour
		message := &sync.Message{Heads: heads, Need: []change.Hash{heads[0]}}
		ev := &replica.Received{From: n, Message: message, Finished: func() {}}
		steps = append(steps, func() {
			var fx replica.Effects
			w.doc.Step(ev, &fx)
			w.doc.Step(replica.Writable{To: n, MaxBytes: 1 << 20}, &fx)
			if fx.Send == nil {
				w.t.Fatal("nothing to send")
			}
		})
	}
	return steps
}

// BenchmarkIdleNeighbour reports what a neighbour that is in step takes.
func BenchmarkIdleNeighbour(b *testing.B) {
	const many = 2000
	for b.Loop() {
		b.StopTimer()
		w := newWorld(b)
		w.connect("author", false)
		w.edit("author", 1)
		w.settle()
		message := &sync.Message{Heads: w.heads()}
		neighbours := make([]replica.Neighbour, many)
		var fx replica.Effects
		before := heap()
		b.StartTimer()
		for i := range neighbours {
			n := &neighbours[i]
			w.doc.Step(&replica.Received{From: n, Message: message, Finished: func() {}}, &fx)
			fx = replica.Effects{}
			w.doc.Step(replica.Writable{To: n, MaxBytes: 1 << 20}, &fx)
		}
		b.StopTimer()
		fx = replica.Effects{}
		b.ReportMetric(float64(heap()-before)/many, "B/neighbour")
		runtime.KeepAlive(w)
		b.StartTimer()
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
