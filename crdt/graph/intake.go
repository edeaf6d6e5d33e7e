package graph

import (
	"errors"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Bounds of what one document remembers about changes that it didn't take;
// protocol constants, see docs/PROTOCOL.md.
const (
	MaxHeldChanges = 10_000
	MaxHeldBytes   = 16 << 20
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
	held    map[change.Hash]*change.Change
	waiting map[obstacle][]*change.Change // each held change stands under one
	bytes   int                           // of the held
	missing []change.Hash                 // what Missing returned; nil = not known
	refused map[change.Hash]struct{}
	oldest  []change.Hash // of the refused, the oldest first
}

// obstacle is what a held change waits for: a dep, or its actor's previous
// change.
type obstacle struct {
	hash  change.Hash
	actor change.ActorID
	seq   uint64
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

// Refuse remembers a change that was refused before it could be offered, and
// returns the fate of the held ones that descend from it.
func (in *Intake) Refuse(h change.Hash) []Outcome {
	if in.graph.Has(h) {
		return nil
	}
	in.remember(h)
	return in.settle(in.release(obstacle{hash: h}, nil))
}

// Missing returns the hashes that held changes wait for, ascending.
func (in *Intake) Missing() []change.Hash {
	if in.missing != nil || len(in.held) == 0 {
		return in.missing
	}
	seen := map[change.Hash]bool{}
	in.missing = []change.Hash{}
	for _, c := range in.held {
		for _, dep := range c.Deps {
			if !seen[dep] && in.wants(dep) {
				in.missing = append(in.missing, dep)
			}
			seen[dep] = true
		}
	}
	return change.SortHashes(in.missing)
}

// wants reports whether a hash is worth asking for.
func (in *Intake) wants(h change.Hash) bool {
	_, held := in.held[h]
	return !held && !in.graph.Has(h) && !in.IsRefused(h)
}

// Need returns what to ask a neighbour for that has these heads, ascending.
func (in *Intake) Need(theirs []change.Hash) []change.Hash {
	need := slices.Clone(in.Missing())
	if len(theirs) == 0 {
		return need
	}
	for _, h := range theirs {
		if in.wants(h) && !slices.Contains(need, h) {
			need = append(need, h)
		}
	}
	return change.SortHashes(need)
}

// IsRefused reports whether a change is remembered as refused.
func (in *Intake) IsRefused(h change.Hash) bool {
	_, refused := in.refused[h]
	return refused
}

// Holding returns how many changes wait, and their bytes.
func (in *Intake) Holding() (changes, bytes int) { return len(in.held), in.bytes }

// Reset forgets what is held and what was refused. It follows a rollback,
// after which neither can be relied on.
func (in *Intake) Reset() { *in = Intake{graph: in.graph} }

func (in *Intake) decide(c *change.Change) Outcome {
	if in.IsRefused(c.Hash) {
		return Outcome{c, Refused, ErrDescends}
	}
	for _, dep := range c.Deps {
		if in.IsRefused(dep) {
			in.remember(c.Hash)
			return Outcome{c, Refused, ErrDescends}
		}
	}
	switch err := in.graph.Stage(c); {
	case err == nil:
		return Outcome{c, Staged, nil}
	case errors.Is(err, ErrKnown):
		return Outcome{c, Known, nil}
	case errors.Is(err, ErrMissing):
		return Outcome{c, in.hold(c), nil}
	default:
		in.remember(c.Hash)
		return Outcome{c, Refused, err}
	}
}

func (in *Intake) hold(c *change.Change) Fate {
	size := len(c.Bytes())
	if _, ok := in.held[c.Hash]; !ok {
		if len(in.held) >= MaxHeldChanges || in.bytes+size > MaxHeldBytes {
			return Dropped
		}
		if in.held == nil {
			in.held, in.waiting = map[change.Hash]*change.Change{}, map[obstacle][]*change.Change{}
		}
		in.held[c.Hash] = c
		in.bytes += size
		o := in.obstacle(c)
		in.waiting[o] = append(in.waiting[o], c)
		in.missing = nil
	}
	return Held
}

// obstacle returns the first thing that a change lacks.
func (in *Intake) obstacle(c *change.Change) obstacle {
	for _, dep := range c.Deps {
		if _, here := in.graph.index[dep]; !here {
			return obstacle{hash: dep}
		}
	}
	return obstacle{actor: c.Actor, seq: c.Seq - 1}
}

// settle lets the fates of changes reach those held that wait for them.
func (in *Intake) settle(out []Outcome) []Outcome {
	for next := 0; next < len(out) && len(in.held) > 0; next++ {
		c := out[next].Change
		switch out[next].Fate {
		case Staged:
			in.missing = nil
			out = in.release(obstacle{hash: c.Hash}, out)
			out = in.release(obstacle{actor: c.Actor, seq: c.Seq}, out)
		case Refused:
			out = in.release(obstacle{hash: c.Hash}, out)
		case Known, Held, Dropped: // nothing that others wait for
		}
	}
	return out
}

// release decides again about the changes that an obstacle held up.
func (in *Intake) release(o obstacle, out []Outcome) []Outcome {
	changes := in.waiting[o]
	if len(changes) == 0 {
		return out
	}
	delete(in.waiting, o)
	in.missing = nil
	for _, c := range changes {
		delete(in.held, c.Hash)
		in.bytes -= len(c.Bytes())
		if again := in.decide(c); again.Fate != Held {
			out = append(out, again)
		}
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
	in.missing = nil
}
