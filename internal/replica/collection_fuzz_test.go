package replica_test

import (
	"math/rand/v2"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
)

// chance takes decisions from a fuzzer's bytes.
type chance []byte

func (c *chance) n(most int) int {
	if len(*c) == 0 {
		return 0
	}
	b := (*c)[0]
	*c = (*c)[1:]
	return int(b) % most
}

func (c *chance) id() docid.ID { return docid.RecordFor("model", string(rune('a'+c.n(4)))) }

func (c *chance) hashes(most int) (hashes []change.Hash) {
	for range c.n(most) {
		hashes = append(hashes, change.Hash{byte(c.n(8))})
	}
	return hashes
}

// sow adds seeds: some that are given, and some that do anything.
func sow(f *testing.F, usual ...[]byte) {
	for _, data := range usual {
		f.Add(data)
	}
	for seed := range uint64(16) {
		rng := rand.New(rand.NewPCG(seed, 9))
		data := make([]byte, 300)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		f.Add(data)
	}
}

// FuzzListener: whatever an announcer says, a listener doesn't panic, has no more
// under way than it allows, and answers no page twice.
func FuzzListener(f *testing.F) {
	sow(f, []byte{0, 1, 1, 2, 1, 0, 1, 0, 2, 0, 3, 1, 0, 2, 1, 1, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		c := chance(data)
		l := replica.NewListener(modelTag)
		var due []replica.Apply
		answered := map[uint64]bool{}
		number := uint64(0)
		for len(c) > 0 {
			var h replica.Heard
			if n := c.n(4); n < 2 || len(due) == 0 {
				page := wire.Page{Live: c.n(2) == 0, Left: uint64(c.n(3)), To: wire.Cursor{Sequence: uint64(c.n(9))}}
				if n > 0 {
					page.Number = number + uint64(c.n(8)/7) + 1
				}
				for i := range c.n(5) {
					d := wire.Announced{Document: docid.RecordFor("model", string(rune('a'+i))), Heads: c.hashes(4)}
					if c.n(16) == 15 {
						d.Document = c.id() // perhaps once more
					}
					page.Documents = append(page.Documents, d)
				}
				if err := l.Page(page, &h); err != nil {
					return
				}
				number = max(number, page.Number)
			} else {
				i := c.n(len(due))
				a := due[i]
				due = append(due[:i], due[i+1:]...)
				l.Applied(replica.Applied{
					Page: a.Page, Document: a.Document, Lacking: a.Heads[:c.n(len(a.Heads)+1)],
					Refused: c.hashes(3), Roots: c.hashes(3), Reason: "twin", Taken: c.n(3), Have: c.hashes(3),
				}, &h)
			}
			due = append(due, h.Apply...)
			for _, a := range h.Answer {
				if answered[a.Page] || a.Page == 0 || a.Page > number {
					t.Fatalf("page %d of %d is answered, again: %t", a.Page, number, answered[a.Page])
				}
				answered[a.Page] = true
			}
			if open := int(number) - len(answered); open > replica.CatchUpWindow+replica.LiveWindow {
				t.Fatalf("%d pages are open", open)
			}
			if l.Held() < 0 {
				t.Fatalf("%d bytes are held", l.Held())
			}
		}
	})
}

// FuzzAnnouncer: whatever a listener says, an announcer doesn't panic, sends no more
// pages than may be unanswered, and takes no claim beyond what it sent.
func FuzzAnnouncer(f *testing.F) {
	sow(f, []byte{1, 0, 0, 0, 3, 0, 2, 1, 4, 1, 5, 1, 6, 2, 0, 0, 1, 2, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		c := chance(data)
		terms := replica.Terms{Subscription: 1, Tag: modelTag, Empty: c.n(2) == 0, End: uint64(c.n(300)), Keeps: c.n(2) == 0}
		if c.n(2) == 0 {
			terms.Cursor = &wire.Cursor{Sequence: uint64(c.n(256))}
		}
		if c.n(2) == 0 {
			terms.Acked = &wire.Cursor{Sequence: uint64(c.n(256)), After: c.id()}
		}
		a := replica.NewAnnouncer(terms)
		sequence := terms.End
		for len(c) > 0 {
			var err error
			switch c.n(5) {
			case 0:
				sequence += 1 + uint64(c.n(99))
				a.Push(replica.Row{Sequence: sequence, Document: c.id(), First: c.n(9), Count: 1})
			case 1:
				m := wire.Answer{Page: uint64(c.n(20))}
				for range c.n(3) {
					m.Refused = append(m.Refused, wire.NotTaken{Document: c.id(), Reason: "quota"})
				}
				var taken []docid.ID
				var refused []wire.NotTaken
				if taken, refused, err = a.Answered(m); len(refused) > 0 && !terms.Keeps {
					t.Fatalf("%d were taken and %d refused, and nothing is kept", len(taken), len(refused))
				}
			case 2:
				err = a.Wanted(wire.Want{Documents: []wire.Wanted{{Document: c.id(), Have: c.hashes(3)}}})
			default:
				perform(a, replica.Lane(c.n(3)), &c)
			}
			if err != nil {
				return
			}
			if acked, _ := a.Acked(); acked.Sequence > max(sequence, terms.End) {
				t.Fatalf("acknowledged to %d of %d", acked.Sequence, sequence)
			}
		}
	})
}

func perform(a *replica.Announcer, lane replica.Lane, c *chance) {
	task := a.Next(lane)
	switch {
	case task == nil:
	case task.Scan != nil:
		seen := min(task.Scan.To, task.Scan.After+1+uint64(c.n(200)))
		a.Scanned(lane, []replica.Row{{Sequence: seen, Document: c.id(), Count: 1}}, seen)
	case task.List != nil:
		a.Listed([]docid.ID{c.id()})
	default:
		n := min(len(task.Topics), 1+c.n(3))
		a.Page(lane, n, make([]wire.Announced, c.n(n+1)))
	}
}
