package opset_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// branch is one of two who change a document, and what they know of it.
type branch struct {
	heads []change.Hash
	known map[change.OpID]bool
	seqs  map[change.ActorID]uint64
	maxOp uint64
}

func newBranch() *branch {
	return &branch{known: map[change.OpID]bool{}, seqs: map[change.ActorID]uint64{}}
}

// learn makes another's changes part of the past.
func (b *branch) learn(from *branch) {
	for id := range from.known {
		b.known[id] = true
	}
	for actor, seq := range from.seqs {
		b.seqs[actor] = max(b.seqs[actor], seq)
	}
	b.maxOp = max(b.maxOp, from.maxOp)
	for _, h := range from.heads {
		if !slices.Contains(b.heads, h) {
			b.heads = append(b.heads, h)
		}
	}
}

// takes reports whether the graph would take a change after the branch's heads.
func (b *branch) takes(c *change.Change) bool {
	if c.Seq != b.seqs[c.Actor]+1 || c.StartOp <= b.maxOp || c.Ops > 1<<10 || c.MaxOp() > change.MaxCounter-1<<12 {
		return false
	}
	for _, r := range c.Refs() {
		actor := c.Actor
		if r.Actor > 0 {
			actor = c.OtherActors[r.Actor-1]
		}
		for k := range r.Count {
			if !b.known[change.OpID{Counter: uint64(int64(r.First) + int64(k)*r.Step), Actor: actor}] {
				return false
			}
		}
	}
	return true
}

func (b *branch) take(c *change.Change) {
	for n := c.StartOp; n <= c.MaxOp(); n++ {
		b.known[change.OpID{Counter: n, Actor: c.Actor}] = true
	}
	b.heads, b.maxOp = []change.Hash{c.Hash}, max(b.maxOp, c.MaxOp())
	b.seqs[c.Actor] = c.Seq
}

// What the byte before a change says.
const (
	onSecond   = 1 << iota // it is of the second branch
	together               // it comes after all that the other one has, which gets it, too
	beforeHere             // it is where the document is looked at later
)

// readChanges makes of bytes changes that the graph would take, on two branches:
// only their dependencies and checksums are put right.
func readChanges(data []byte) (made []*change.Change, sides []byte, middle int) {
	branches := [2]*branch{newBranch(), newBranch()}
	authors := map[change.ActorID]byte{}
	for len(data) > 1 && len(made) < 64 {
		how := data[0]
		chunk, _, rest, err := change.Split(data[1:])
		if err != nil {
			break
		}
		data = rest
		c, err := change.Parse(sealed(chunk))
		side := how & onSecond
		if author, ok := authors[actorOf(c)]; err != nil || ok && author != side {
			continue
		}
		b := branches[side]
		if how&together != 0 {
			b.learn(branches[1-side])
		}
		c, err = change.Parse(sealed(change.FromTail(change.Hash{}, b.heads, c.Actor, c.Tail())))
		if err != nil || !b.takes(c) {
			continue
		}
		b.take(c)
		if how&together != 0 {
			branches[1-side].learn(b)
			branches[1-side].heads = b.heads
		}
		authors[c.Actor] = side
		made, sides = append(made, c), append(sides, side)
		if how&beforeHere != 0 {
			middle = len(made)
		}
	}
	return made, sides, middle
}

func actorOf(c *change.Change) change.ActorID {
	if c == nil {
		return ""
	}
	return c.Actor
}

// otherOrder puts changes of the second branch first wherever it can.
func otherOrder(changes []*change.Change, sides []byte) []*change.Change {
	var order []*change.Change
	here := map[change.Hash]bool{}
	ready := func(c *change.Change) bool {
		return !here[c.Hash] && !slices.ContainsFunc(c.Deps, func(dep change.Hash) bool { return !here[dep] })
	}
	for len(order) < len(changes) {
		next := -1
		for i, c := range changes {
			if ready(c) && (next < 0 || sides[i] > sides[next]) {
				next = i
			}
		}
		here[changes[next].Hash] = true
		order = append(order, changes[next])
	}
	return order
}

// forApply makes an input of changes, of which some are on a branch.
func forApply(how func(i int) byte, chunks ...[]byte) (data []byte) {
	for i, chunk := range chunks {
		data = append(append(data, how(i)), chunk...)
	}
	return data
}

// addChanges gives a fuzzer the changes of recorded documents, and senseless
// ones.
func addChanges(f *testing.F) {
	var all map[string]struct{ Document []byte }
	if err := json.Unmarshal(unpack(f, "golden-3.5.0.json.gz"), &all); err != nil {
		f.Fatal(err)
	}
	for _, g := range all {
		if len(g.Document) > 2048 {
			continue
		}
		chunks, err := load(f, g.Document).Changes(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(forApply(func(i int) byte { return beforeHere * byte(i%2) }, chunks...))
	}
	for seed := range uint64(20) {
		w := &writer{rand: rand.New(rand.NewPCG(seed, 5)), actor: "common-ancestor!"}
		var chunks [][]byte
		for range 3 {
			chunks = append(chunks, w.change(f).Bytes())
		}
		for _, name := range []change.ActorID{"ada.............", "bob............."} {
			b := &writer{rand: w.rand, actor: name}
			b.learn(w)
			chunks = append(chunks, b.change(f).Bytes(), b.change(f).Bytes())
		}
		how := []byte{together, together, together, 0, beforeHere, onSecond, onSecond}
		f.Add(forApply(func(i int) byte { return how[i] }, chunks...))
	}
}

// FuzzApply applies anything that the graph takes, in two orders: the document is
// the same, can be saved and loaded, and written to and rolled back without a
// trace; its past is what it was then.
func FuzzApply(f *testing.F) {
	addChanges(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		changes, sides, middle := readChanges(data)
		if len(changes) == 0 {
			return
		}
		if len(data)%2 == 1 {
			opset.InTrees(t)
		}
		s := apply(t, changes[:middle])
		then, heads := content(s.Root()), s.Heads()
		for _, c := range changes[middle:] {
			if err := s.Apply(c); err != nil {
				t.Fatal(err)
			}
		}
		said := content(s.Root())
		other := apply(t, otherOrder(changes, sides))
		if got := content(other.Root()); got != said || !slices.Equal(other.Heads(), s.Heads()) {
			t.Fatalf("in another order it says\n%s, not\n%s", got, said)
		}
		past, err := s.At(heads)
		if err != nil {
			t.Fatal(err)
		}
		if got := content(past.Root()); got != then {
			t.Fatalf("its past says\n%s, not\n%s", got, then)
		}
		saved, err := s.Save()
		if err != nil {
			t.Fatal(err)
		}
		again := reload(t, saved)
		if got := content(again.Root()); got != said || !slices.Equal(again.Heads(), s.Heads()) {
			t.Fatalf("saved and loaded it says\n%s, not\n%s", got, said)
		}
		leavesNothing(t, s, said, saved)
		leavesNothing(t, again, said, saved)
	})
}

// leavesNothing writes to a document and takes that back.
func leavesNothing(t *testing.T, s *opset.Set, said string, saved []byte) {
	t.Helper()
	w := &scribbler{T: t, rand: rand.New(rand.NewPCG(uint64(len(said)), 6)), set: s}
	for range 8 {
		w.write()
	}
	if err := s.Splice(mustText(t, s), sequence.UTF16, 0, 0, "é🦊"); err != nil {
		t.Fatal(err)
	}
	s.Rollback()
	if got := content(s.Root()); got != said {
		t.Fatalf("rolled back it says\n%s, not\n%s", got, said)
	}
	after, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	if string(after) != string(saved) {
		t.Fatal("rolled back it is saved as something else")
	}
}

func mustText(t *testing.T, s *opset.Set) *opset.Object {
	t.Helper()
	o, err := s.PutObject(s.Root(), "a", change.ActionMakeText)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
