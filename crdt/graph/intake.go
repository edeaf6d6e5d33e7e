package graph

import (
	"errors"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Bounds of what one document remembers about changes that it didn't take, and
// of what it asks for at once; protocol constants, see docs/PROTOCOL.md.
const (
	MaxHeldChanges = 10_000
	MaxHeldBytes   = 16 << 20
	MaxNeed        = 10_000
	maxRefused     = 10_000
)

// Fate is what became of a change that was offered.
type Fate uint8

// The fates of a change.
const (
	Staged  Fate = iota // it is in the graph, to be committed
	Known               // it was there already
	Held                // it waits for an earlier change
	Refused             // it is never to be had
	Dropped             // it should wait, but there is no room for it
)

// Outcome tells the fate of one change.
type Outcome struct {
	Change *change.Change
	Fate   Fate
	Err    error // why it was refused
}

// Intake stands before a graph and decides what becomes of foreign changes. It
// remembers what it refused, so as not to ask for it again, and holds back
// what came too early, both within bounds.
type Intake struct {
	graph   *Graph
	held    holdback
	refused map[change.Hash]struct{}
	oldest  []change.Hash // of the refused, the oldest first
}

// NewIntake returns the intake of a graph.
func NewIntake(g *Graph) *Intake { return &Intake{graph: g} }

// Graph returns the graph behind the intake.
func (in *Intake) Graph() *Graph { return in.graph }

// Offer decides about a change, and about those held ones that it held up. The
// first outcome is the offered change's own.
func (in *Intake) Offer(c *change.Change) []Outcome {
	return in.settle([]Outcome{in.decide(c)})
}

// Add stages a change of this store's own, after [Graph.Stage]. Such a change
// never waits, and is not remembered if it is refused: whoever made it is told.
// Once all of them are in, [Intake.LetGo] is due.
func (in *Intake) Add(c *change.Change) error {
	if in.descends(c) {
		return ErrDescends
	}
	return in.graph.Stage(c)
}

// LetGo decides about the held changes that changes held up which were added.
func (in *Intake) LetGo(added []*change.Change) []Outcome {
	out := make([]Outcome, 0, len(added))
	for _, c := range added {
		out = append(out, Outcome{c, Staged, nil})
	}
	return in.settle(out)[len(added):]
}

// Refuse remembers a change that was refused before it could be offered, and
// returns the fate of the held ones that descend from it.
func (in *Intake) Refuse(h change.Hash) []Outcome {
	if _, known := in.graph.find(h); known {
		return nil
	}
	in.remember(h)
	return in.settle(in.refuseAll(in.held.waitingFor(h), nil))
}

// IsRefused reports whether a change is remembered as refused.
func (in *Intake) IsRefused(h change.Hash) bool {
	_, refused := in.refused[h]
	return refused
}

// Holding returns how many changes wait, and the bytes of memory that they
// take.
func (in *Intake) Holding() (changes, bytes int) { return len(in.held.changes), in.held.bytes }

// Missing returns the hashes that held changes wait for, ascending. The caller
// must not modify the slice.
func (in *Intake) Missing() []change.Hash { return in.held.missing() }

// needSearch is how many hashes Need looks at before it stops telling apart
// who might have them.
const needSearch = 2 * MaxHeldChanges

// Need returns what to ask a neighbour for that has these heads, ascending:
// the first changes on the way back from them that are not here, no more than
// MaxNeed. What held changes of others wait for is no business of this
// neighbour.
func (in *Intake) Need(theirs []change.Hash) []change.Hash {
	var need []change.Hash
	var seen map[change.Hash]struct{}
	queue := slices.Clip(theirs)
	for n := 0; n < len(queue); n++ {
		h := queue[n]
		if _, known := in.graph.find(h); known || in.IsRefused(h) {
			continue
		}
		if _, again := seen[h]; again {
			continue
		}
		if n > needSearch {
			need = append(need, in.Missing()...)
			break
		}
		if seen == nil {
			seen = map[change.Hash]struct{}{}
		}
		seen[h] = struct{}{}
		if w := in.held.changes[h]; w != nil {
			queue = append(queue, w.change.Deps...)
		} else {
			need = append(need, h)
		}
	}
	need = slices.Compact(change.SortHashes(need))
	return need[:min(len(need), MaxNeed)]
}

func (in *Intake) decide(c *change.Change) Outcome {
	if in.descends(c) {
		in.remember(c.Hash)
		return Outcome{c, Refused, ErrDescends}
	}
	switch err := in.graph.Stage(c); {
	case err == nil:
		return Outcome{c, Staged, nil}
	case errors.Is(err, ErrKnown):
		return Outcome{c, Known, nil}
	case errors.Is(err, ErrMissing):
		if in.held.hold(in.graph, c) {
			return Outcome{c, Held, nil}
		}
		return Outcome{c, Dropped, nil}
	default:
		in.remember(c.Hash)
		return Outcome{c, Refused, err}
	}
}

// descends reports whether a change, or one that it depends on, was refused.
func (in *Intake) descends(c *change.Change) bool {
	return len(in.refused) > 0 && (in.IsRefused(c.Hash) || slices.ContainsFunc(c.Deps, in.IsRefused))
}

// settle lets the fates of changes reach those held that wait for them.
func (in *Intake) settle(out []Outcome) []Outcome {
	for next := 0; next < len(out) && len(in.held.changes) > 0; next++ {
		c := out[next].Change
		switch out[next].Fate {
		case Staged, Known:
			out = in.clear(in.held.waitingFor(c.Hash), out)
			out = in.clear(in.held.waitingForTurn(turn{c.Actor, c.Seq}), out)
		case Refused:
			out = in.refuseAll(in.held.waitingFor(c.Hash), out)
		case Held, Dropped: // nothing that others wait for
		}
	}
	return out
}

// clear takes one obstacle out of the way of held changes.
func (in *Intake) clear(waiters []*waiter, out []Outcome) []Outcome {
	for _, w := range waiters {
		if w.obstacles--; w.obstacles == 0 {
			in.held.release(w)
			out = append(out, in.decide(w.change))
		}
	}
	return out
}

func (in *Intake) refuseAll(waiters []*waiter, out []Outcome) []Outcome {
	for _, w := range waiters {
		in.held.release(w)
		in.remember(w.change.Hash)
		out = append(out, Outcome{w.change, Refused, ErrDescends})
	}
	return out
}

func (in *Intake) remember(h change.Hash) {
	if in.IsRefused(h) {
		return
	}
	if in.refused == nil {
		in.refused = map[change.Hash]struct{}{}
	}
	if len(in.oldest) == maxRefused {
		delete(in.refused, in.oldest[0])
		in.oldest = in.oldest[1:]
	}
	in.refused[h] = struct{}{}
	in.oldest = append(in.oldest, h)
}
