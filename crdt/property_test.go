package crdt_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// peers are some documents that began as one, all their changes in the order
// in which they were made, and a graph that has taken them all.
type peers struct {
	t       *rapid.T
	docs    []*crdt.Doc
	changes []*change.Change
	intake  *graph.Intake
}

func newPeers(t *rapid.T, tb testing.TB) *peers {
	p := &peers{t: t, intake: graph.NewIntake(graph.New())}
	for _, name := range []string{"ada", "bob", "cy"} {
		p.docs = append(p.docs, newDoc(tb, name, nil))
	}
	return p
}

func (p *peers) close() {
	for _, d := range p.docs {
		d.Close()
	}
}

// step lets one of them change something, fail to, or hear of another.
func (p *peers) step() {
	d := rapid.SampledFrom(p.docs).Draw(p.t, "doc")
	switch rapid.IntRange(0, 9).Draw(p.t, "step") {
	case 0, 1, 2:
		if err := d.Merge(rapid.SampledFrom(p.docs).Draw(p.t, "from")); err != nil {
			p.t.Fatal(err)
		}
	case 3:
		stop := errors.New("stop")
		if _, err := d.Change(func(root crdt.Map) error { p.scribble(root); return stop }); !errors.Is(err, stop) {
			p.t.Fatal(err)
		}
	case 4:
		c, err := d.Change(func(crdt.Map) error { return nil }, crdt.AllowEmpty())
		p.take(c, err)
	default:
		c, err := d.Change(func(root crdt.Map) error { return p.scribble(root) })
		p.take(c, err)
	}
}

// take checks that a change is one that every store accepts.
func (p *peers) take(c *change.Change, err error) {
	if err != nil {
		p.t.Fatal(err)
	}
	if c == nil {
		return
	}
	if out := p.intake.Offer(c); out[0].Fate != graph.Staged {
		p.t.Fatalf("the graph says of %+v: fate %d, %v", c, out[0].Fate, out[0].Err)
	}
	p.intake.Graph().Commit()
	p.changes = append(p.changes, c)
}

// scribble edits a random part of a document.
func (p *peers) scribble(root crdt.Map) error {
	at := root
	for range rapid.IntRange(1, 4).Draw(p.t, "edits") {
		key := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(p.t, "key")
		v := at.Get(key)
		var err error
		switch edit := rapid.IntRange(0, 9).Draw(p.t, "edit"); {
		case v.Kind() == crdt.KindMap && edit < 5:
			at = v.Map()
		case v.Kind() == crdt.KindMap && edit < 7:
			err = v.Map().Reconcile(drawMap(p.t, 1))
		case v.Kind() == crdt.KindList && edit < 7:
			err = p.scribbleList(v.List())
		case v.Kind() == crdt.KindText && edit < 7:
			err = p.scribbleText(v.Text())
		case v.Kind() == crdt.KindCounter && edit < 7:
			err = at.Increment(key, int64(edit-3))
		case edit == 9:
			err = at.Delete(key)
		default:
			err = at.Set(key, drawValue(p.t, 1))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *peers) scribbleList(l crdt.List) error {
	i := rapid.IntRange(0, l.Len()).Draw(p.t, "index")
	switch edit := rapid.IntRange(0, 3).Draw(p.t, "edit"); {
	case i == l.Len() || edit == 0:
		return l.Insert(i, drawValue(p.t, 1), drawValue(p.t, 1))
	case edit == 1:
		return l.Delete(i, rapid.IntRange(0, l.Len()-i).Draw(p.t, "n"))
	case l.Get(i).Kind() == crdt.KindCounter:
		return l.Increment(i, 1)
	default:
		return l.Set(i, drawValue(p.t, 1))
	}
}

func (p *peers) scribbleText(text crdt.Text) error {
	if rapid.Bool().Draw(p.t, "set") {
		return text.Set(drawText(p.t))
	}
	pos := rapid.IntRange(0, text.Len()).Draw(p.t, "pos")
	return text.Splice(pos, rapid.IntRange(0, text.Len()-pos).Draw(p.t, "del"), drawText(p.t))
}

// shuffled returns the changes in another causal order.
func (p *peers) shuffled() [][]byte {
	var out [][]byte
	done := map[crdt.Hash]bool{}
	seqs := map[crdt.ActorID]uint64{}
	for left := slices.Clone(p.changes); len(left) > 0; {
		var ready []int
		for i, c := range left {
			if seqs[c.Actor]+1 == c.Seq && !slices.ContainsFunc(c.Deps, func(h crdt.Hash) bool { return !done[h] }) {
				ready = append(ready, i)
			}
		}
		i := rapid.SampledFrom(ready).Draw(p.t, "next")
		done[left[i].Hash], seqs[left[i].Actor] = true, left[i].Seq
		out = append(out, left[i].Bytes())
		left = slices.Delete(left, i, i+1)
	}
	return out
}

// TestAllAgreeInAnyOrder: every change that is made passes what every store
// checks, and whoever has the changes has the document, whatever the order and
// the portions in which they came.
func TestAllAgreeInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := newPeers(rt, t)
		defer p.close()
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			p.step()
		}
		first := p.docs[0]
		for _, d := range p.docs[1:] {
			if err := first.Merge(d); err != nil {
				rt.Fatal(err)
			}
		}
		other := newDoc(t, "dee", nil)
		defer other.Close()
		for chunks := p.shuffled(); len(chunks) > 0; {
			n := rapid.IntRange(1, len(chunks)).Draw(rt, "portion")
			if err := other.Apply(chunks[:n]...); err != nil {
				rt.Fatal(err)
			}
			chunks = chunks[n:]
		}
		p.agree(t, first, other)
		saved, err := first.Save()
		if err != nil {
			rt.Fatal(err)
		}
		loaded, err := crdt.Load(actor("eve"), saved)
		if err != nil {
			rt.Fatal(err)
		}
		defer loaded.Close()
		p.agree(t, first, loaded)
	})
}

func (p *peers) agree(tb testing.TB, a, b *crdt.Doc) {
	if !slices.Equal(a.Heads(), b.Heads()) || !slices.Equal(a.Heads(), change.SortHashes(p.intake.Graph().Heads())) {
		p.t.Fatalf("heads %v and %v, the graph's %v", a.Heads(), b.Heads(), p.intake.Graph().Heads())
	}
	if x, y := content(tb, a), content(tb, b); x != y {
		p.t.Fatalf("one says\n%s, another\n%s", x, y)
	}
	x, errX := a.Changes(nil)
	y, errY := b.Changes(nil)
	if err := errors.Join(errX, errY); err != nil || len(x) != len(p.changes) || len(y) != len(p.changes) {
		p.t.Fatalf("%d and %d changes, want %d; %v", len(x), len(y), len(p.changes), err)
	}
}
