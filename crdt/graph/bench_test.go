package graph_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// written returns the log of a history of some shape.
func written(b *testing.B, n int, write func(s *scribe, r *rand.Rand, n int)) []*change.Change {
	b.Helper()
	s, r := newScribe(b), rand.New(rand.NewPCG(1, 1))
	var log []*change.Change
	for i := range n {
		write(s, r, i)
		for len(log) < s.graph.Len() {
			h := s.graph.Hash(len(log))
			for _, c := range s.last {
				if c.Hash == h {
					log = append(log, c)
					break
				}
			}
			if log[len(log)-1].Hash != h {
				b.Fatal("a change is lost")
			}
		}
	}
	return log
}

func typing(s *scribe, _ *rand.Rand, _ int) { s.write(name(0), true, s.own(0)...) }

func BenchmarkStage(b *testing.B) {
	all := map[string]func(s *scribe, r *rand.Rand, n int){"typing": typing}
	for _, shape := range []string{"live", "two branches", "fifty branches"} {
		all[shape] = shapes[shape]
	}
	for shape, write := range all {
		b.Run(shape, func(b *testing.B) {
			log := written(b, 50_000, write)
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				g := graph.New()
				for _, c := range log[:min(len(log), b.N-n)] {
					if err := g.Stage(c); err != nil {
						b.Fatal(err)
					}
					g.Commit()
					n++
				}
			}
		})
	}
}

// BenchmarkRestore loads a history of 260,000 keystrokes, and tells what the
// graph takes in memory.
func BenchmarkRestore(b *testing.B) {
	const n = 260_000
	log := written(b, n, typing)
	b.ResetTimer()
	var g *graph.Graph
	for b.Loop() {
		g = graph.New()
		for _, c := range log {
			if err := g.Restore(c); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.StopTimer()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	with := heap()
	footprint := g.Footprint()
	runtime.KeepAlive(g)
	g = nil
	b.ReportMetric(float64(with-heap())/n, "B/change")
	b.ReportMetric(float64(footprint)/n, "footprint/change")
	runtime.KeepAlive(log)
}

func BenchmarkLacking(b *testing.B) {
	for _, lacks := range []int{1, 1000, 260_000} {
		b.Run(fmt.Sprint(lacks), func(b *testing.B) {
			s := newScribe(b)
			var base []change.Hash
			for n := range 260_000 {
				if n == 260_000-lacks {
					base = slices.Clone(s.graph.Heads())
				}
				typing(s, nil, n)
			}
			b.ReportAllocs()
			for b.Loop() {
				if got := s.graph.Lacking(base); len(got) != lacks {
					b.Fatalf("%d", len(got))
				}
			}
		})
	}
}

// BenchmarkReverseOrder offers changes last first.
func BenchmarkReverseOrder(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := chain(b, "a", n)
			for b.Loop() {
				in := graph.NewIntake(graph.New())
				for _, c := range slices.Backward(h.changes) {
					in.Offer(c)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/change")
		})
	}
}

// BenchmarkManyDeps offers a change with 10,000 deps, and then these.
func BenchmarkManyDeps(b *testing.B) {
	s := newScribe(b)
	for a := range graph.MaxHeads {
		s.write(name(a), false)
	}
	deps := s.tips(graph.MaxHeads)
	merge := s.draft("merger", true, deps...)
	for b.Loop() {
		in := graph.NewIntake(graph.New())
		in.Offer(merge)
		for _, c := range deps {
			in.Offer(c)
		}
		if in.Graph().Staged() != len(deps)+1 {
			b.Fatal("not all are taken")
		}
	}
}
