package sync_test

import (
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// typist makes one keystroke after another, each on top of all that is there.
type typist struct {
	t    testing.TB
	last *change.Change
}

func (k *typist) next() *change.Change {
	d := &change.Draft{Actor: "typist", Seq: 1, StartOp: 1}
	d.Ops = []change.Op{{Key: change.MapKey("k"), Action: change.ActionSet, Value: change.Int(1)}}
	if k.last != nil {
		d.Seq, d.StartOp, d.Deps = k.last.Seq+1, k.last.MaxOp()+1, []change.Hash{k.last.Hash}
		d.Ops[0].Pred = []change.OpID{{Counter: k.last.MaxOp(), Actor: "typist"}}
	}
	c, err := d.Encode()
	if err != nil {
		k.t.Fatal(err)
	}
	k.last = c
	return c
}

// desk is a relay's side of a document: a typist who sends and a reader who is
// sent to, both of whom have all that is there.
type desk struct {
	typist
	graph          *graph.Graph
	intake         *graph.Intake
	writer, reader sync.State
	filters        int // Bloom filters built
}

// newDesk returns a desk with a history. A stale head is a change that was made
// at the beginning and that nobody ever merged.
func newDesk(t testing.TB, history int, stale bool) *desk {
	d := &desk{typist: typist{t: t}, graph: graph.New()}
	d.intake = graph.NewIntake(d.graph)
	for range history {
		d.restore(d.next())
		if stale {
			other := &change.Draft{Actor: "other", Seq: 1, StartOp: d.last.MaxOp() + 1, Deps: []change.Hash{d.last.Hash}}
			c, err := other.Encode()
			if err != nil {
				t.Fatal(err)
			}
			d.restore(c)
			stale = false
		}
	}
	for _, s := range []*sync.State{&d.writer, &d.reader} {
		s.Receive(d.graph, d.hello())
		s.Generate(d.intake, 1<<20)
	}
	return d
}

func (d *desk) restore(c *change.Change) {
	if err := d.graph.Restore(c); err != nil {
		d.t.Fatal(err)
	}
}

// hello is what a client says that has all that is there.
func (d *desk) hello() *sync.Message {
	return &sync.Message{Heads: d.graph.Heads(), Have: []sync.Have{{LastSync: d.graph.Heads()}}}
}

// keystroke takes in a change and passes it on, up to the reader's answer.
func (d *desk) keystroke(c *change.Change) {
	if out := d.intake.Offer(c); out[0].Fate != graph.Staged {
		d.t.Fatalf("a keystroke is %+v", out[0])
	}
	d.graph.Commit()
	m := d.hello()
	m.Changes = [][]byte{c.Bytes()}
	d.writer.Receive(d.graph, m)
	d.say(&d.writer, 0)
	d.say(&d.reader, 1)
	d.reader.Receive(d.graph, d.hello())
	if reply := d.reader.Generate(d.intake, 1<<20); reply != nil {
		d.t.Fatalf("an answer to an answer: %+v", reply)
	}
}

func (d *desk) say(s *sync.State, changes int) {
	reply := s.Generate(d.intake, 1<<20)
	if reply == nil || len(reply.Indices) != changes {
		d.t.Fatalf("said %+v, want %d changes", reply, changes)
	}
	for _, have := range reply.Message.Have {
		if len(have.Bloom.Append(nil)) > 0 {
			d.filters++
		}
	}
}

// TestKeystrokeCost: one more keystroke costs the same whatever came before.
func TestKeystrokeCost(t *testing.T) {
	for _, stale := range []bool{false, true} {
		var first float64
		for i, history := range []int{100, 20_000} {
			d := newDesk(t, history, stale)
			keys := make([]*change.Change, 1001)
			for i := range keys {
				keys[i] = d.next()
			}
			next := 0
			allocs := testing.AllocsPerRun(len(keys)-1, func() {
				d.keystroke(keys[next])
				next++
			})
			if i == 0 {
				first = allocs
			}
			if allocs > first || d.filters > 0 {
				t.Errorf("after %d changes (stale head: %t): %v allocations, %v after 100; %d filters", history, stale, allocs, first, d.filters)
			}
		}
	}
}

// TestStrangerCost: a neighbour that names a head which nobody knows, and claims
// by a filter to have everything, makes no edit by others dearer: history and
// filter are gone through once for each message of its own.
func TestStrangerCost(t *testing.T) {
	var first float64
	for i, history := range []int{100, 20_000} {
		d := newDesk(t, history, false)
		full := sync.NewBloom(1)
		for n := range 256 {
			full.Add(change.Hash{byte(n), byte(n * 7), 0, 0, byte(n * 3), 0, 0, 0, byte(n)})
		}
		have := make([]sync.Have, sync.MaxHaves)
		for i := range have {
			have[i].Bloom = full
		}
		var stranger sync.State
		stranger.Receive(d.graph, &sync.Message{Heads: []change.Hash{{1}}, Have: have})
		if reply := stranger.Generate(d.intake, 1<<20); reply == nil || len(reply.Indices) > 0 {
			t.Fatalf("answered %+v", reply)
		}
		keys := make([]*change.Change, 101)
		for i := range keys {
			keys[i] = d.next()
		}
		next, answers := 0, 0
		allocs := testing.AllocsPerRun(len(keys)-1, func() {
			d.keystroke(keys[next])
			next++
			reply := stranger.Generate(d.intake, 1<<20)
			if reply != nil {
				answers++
			}
		})
		if i == 0 {
			first = allocs
		}
		if allocs > first || answers > 1 {
			t.Errorf("after %d changes: %v allocations a keystroke, %v after 100; %d answers", history, allocs, first, answers)
		}
	}
}

func BenchmarkKeystroke(b *testing.B) {
	for _, history := range []int{100, 5_000, 260_000} {
		for _, stale := range []bool{false, true} {
			b.Run(fmt.Sprintf("history=%d/stale=%t", history, stale), func(b *testing.B) {
				d := newDesk(b, history, stale)
				keys := make([]*change.Change, b.N)
				for i := range keys {
					keys[i] = d.next()
				}
				b.ReportAllocs()
				b.ResetTimer()
				for _, c := range keys {
					d.keystroke(c)
				}
			})
		}
	}
}

func BenchmarkFirstSync(b *testing.B) {
	d := newDesk(b, 260_000, false)
	empty := &sync.Message{Have: []sync.Have{{}}}
	b.ReportAllocs()
	for b.Loop() {
		var s sync.State
		s.Receive(d.graph, empty)
		if reply := s.Generate(d.intake, 1<<30); len(reply.Indices) != 260_000 {
			b.Fatalf("%d changes", len(reply.Indices))
		}
	}
}
