package replica

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// Standing is how far we have come with a neighbour that we joined.
type Standing struct {
	// Has: it has named heads.
	Has bool
	// Synced: everything in our log is in what it said, over this connection,
	// that it has.
	Synced bool
	// Ahead: it named heads that we lack and did not refuse; more is to come.
	Ahead bool
	// Shared are heads of what both are known to have, to begin the next
	// conversation with.
	Shared []change.Hash
}

// Standing returns how far we have come with the neighbour that we joined; false
// if it isn't talked to about the document.
func (d *Document) Standing() (Standing, bool) {
	if d.joined == nil {
		return Standing{}, false
	}
	if d.joined.standing == nil {
		return Standing{Shared: d.joined.state.Shared()}, true
	}
	return *d.joined.standing, true
}

// tellStanding has the owner told where the neighbour that we joined stands, from
// its first message on.
func (d *Document) tellStanding(fx *Effects) {
	if d.joined == nil || d.intake == nil {
		return
	}
	if _, heard := d.joined.state.Theirs(); heard {
		d.joined.standing = d.joined.stand(d.intake)
		// What was made here may be in the log already, and not yet in the graph.
		d.joined.standing.Synced = d.joined.standing.Synced && len(d.own.decided) == 0
		fx.Heard = d.joined.standing
	}
}

func (t *talk) stand(in *graph.Intake) *Standing {
	heads, _ := t.state.Theirs()
	g := in.Graph()
	lacked := func(h change.Hash) bool { return !g.Has(h) && !in.IsRefused(h) }
	return &Standing{
		Has:    len(heads) > 0,
		Synced: slices.Equal(heads, g.Heads()) || len(g.Lacking(t.state.Claims())) == 0,
		Ahead:  slices.ContainsFunc(heads, lacked),
		Shared: t.state.Shared(),
	}
}

// engage begins a conversation with a neighbour that we joined. One that was told
// that there is nothing begins it anew: something may have turned up.
func (d *Document) engage(ev *Engaged, fx *Effects) {
	t := d.talks.with(ev.Neighbour)
	switch {
	case t == nil:
		t = d.talks.add(ev.Neighbour)
		d.joined = t
		t.renewed = ev.Renewed
		if isAll := ev.Whole && ev.Version == d.version; isAll || !ev.Renewed {
			t.state = sync.Resume(change.SortHashes(slices.Clone(ev.Shared)))
		}
		d.hope(ev)
	case t.lacks:
		t.restart()
	default:
		return
	}
	t.owe(fx)
}

// unavailableThere begins the conversation anew, because the other side may have
// done so: what was said counts no more, and nothing is said until there is news.
func (d *Document) unavailableThere(ev Unavailable, fx *Effects) {
	t := d.talks.with(ev.From)
	if t == nil {
		return
	}
	t.restart()
	d.accord = apart
	t.lacks, fx.Unavailable = true, true
}

func (t *talk) restart() {
	t.state, t.standing = sync.State{}, nil
	t.wants, t.promises, t.unavailable, t.lacks = false, false, false, false
}

func (d *Document) left(n *Neighbour) {
	if d.joined != nil && d.joined.neighbour == n {
		d.joined, d.accord = nil, apart
	}
	d.talks.remove(n)
}
