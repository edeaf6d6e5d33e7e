package opset_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
)

// chronicle is a random history of three people, all of which the first one has.
type chronicle struct {
	people  []*opset.Set
	changes []*change.Change
	at      map[change.Hash]int
}

func tell(t *testing.T, r *rand.Rand, n int) *chronicle {
	t.Helper()
	s := &chronicle{at: map[change.Hash]int{}}
	for _, actor := range []change.ActorID{"ada", "bob", "cem"} {
		s.people = append(s.people, opset.New(actor))
	}
	for len(s.changes) < n {
		p := s.people[r.IntN(len(s.people))]
		if r.IntN(3) == 0 {
			p = s.people[0]
			for _, other := range s.people[1:] {
				s.send(t, other, p)
			}
		} else if r.IntN(5) == 0 {
			s.send(t, s.people[0], p)
		}
		value := strings.Repeat("x", r.IntN(10)*r.IntN(10)*r.IntN(30))
		if err := p.Put(p.Root(), "key", change.Text(value+string(rune('a'+r.IntN(26))))); err != nil {
			t.Fatal(err)
		}
		message := ""
		if r.IntN(10) == 0 {
			message = "why"
		}
		c, err := p.Commit(message, int64(r.IntN(2)))
		if err != nil {
			t.Fatal(err)
		}
		s.at[c.Hash] = len(s.changes)
		s.changes = append(s.changes, c)
	}
	for _, other := range s.people[1:] {
		s.send(t, other, s.people[0])
	}
	return s
}

// send gives one what another has and it lacks.
func (s *chronicle) send(t *testing.T, from, to *opset.Set) {
	t.Helper()
	chunks, err := from.Changes(to.Heads())
	if err != nil {
		t.Fatal(err)
	}
	for _, chunk := range chunks {
		c, err := change.Parse(chunk)
		if err != nil {
			t.Fatal(err)
		}
		if err := to.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
}

// since is what a document with all changes must answer.
func (s *chronicle) since(heads []change.Hash) map[change.Hash]bool {
	lacking := map[change.Hash]bool{}
	for h := range s.at {
		lacking[h] = true
	}
	heads = slices.Clone(heads)
	for len(heads) > 0 {
		h := heads[len(heads)-1]
		heads = heads[:len(heads)-1]
		if lacking[h] {
			delete(lacking, h)
			heads = append(heads, s.changes[s.at[h]].Deps...)
		}
	}
	return lacking
}

func TestChangesSince(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	many := 1200
	if testing.Short() {
		many = 200
	}
	for _, n := range []int{1, 5, 20, many} {
		s := tell(t, r, n)
		live := s.people[0]
		saved, err := live.Save()
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			heads := []change.Hash{{}} // unknown
			for range r.IntN(4) {
				heads = append(heads, s.changes[len(s.changes)-1-r.IntN(1+r.IntN(len(s.changes)))].Hash)
			}
			s.check(t, live, heads)
			s.check(t, load(t, saved), heads)
		}
	}
}

func (s *chronicle) check(t *testing.T, of *opset.Set, heads []change.Hash) {
	t.Helper()
	want := s.since(heads)
	chunks, err := of.Changes(heads)
	if err != nil {
		t.Fatal(err)
	}
	if len(chunks) != len(want) {
		t.Fatalf("%d of %d changes since %v, want %d", len(chunks), len(s.changes), heads, len(want))
	}
	for _, chunk := range chunks {
		c, err := change.Parse(chunk)
		if err != nil {
			t.Fatal(err)
		}
		if !want[c.Hash] || !bytes.Equal(chunk, s.changes[s.at[c.Hash]].Bytes()) {
			t.Fatalf("%s since %v", c.Hash, heads)
		}
		for _, dep := range c.Deps {
			if want[dep] {
				t.Fatalf("%s comes before %s", c.Hash, dep)
			}
		}
		delete(want, c.Hash)
	}
}

// What came before a document was loaded isn't rebuilt to tell what came since,
// nor to take what others made of it meanwhile: here that would fail.
func TestChangesSinceLoading(t *testing.T) {
	d := forged(t, func(_ []document.Change, _ []document.Op, heads []document.Head) { heads[0].Index = 0 })
	var made [2]*change.Change
	var both [2]*opset.Set
	for i, actor := range []change.ActorID{"ada", "bob"} {
		s, err := opset.Load(actor, d)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Put(s.Root(), "key", change.Int(int64(i))); err != nil {
			t.Fatal(err)
		}
		if made[i], err = s.Commit("", 0); err != nil {
			t.Fatal(err)
		}
		both[i] = s
	}
	if err := both[0].Apply(made[1]); err != nil {
		t.Fatal(err)
	}
	chunks, err := both[0].Changes(d.Heads)
	if err != nil || len(chunks) != 2 {
		t.Fatalf("%d changes, %v", len(chunks), err)
	}
	if err := both[0].Verify(); err == nil {
		t.Fatal("it could have been rebuilt")
	}
}
