package peer_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	changes "github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/peer"
)

// person is a record of about 256 bytes.
type person struct {
	Name, Title crdt.ImmutableString
	Department  crdt.ImmutableString
	Age         int
	Notes       string
}

func someone(n int) person {
	return person{
		Name: crdt.ImmutableString(fmt.Sprintf("Name %06d", n)), Title: "Engineer",
		Department: crdt.ImmutableString(fmt.Sprint("D", n%100)), Age: n % 90,
		Notes: strings.Repeat("notes ", 25),
	}
}

var personIndexes = []peer.CollectionOption{peer.Index("Department", "Name"), peer.Index("Age")}

// BenchmarkUpdateRecord changes one field, again and again.
func BenchmarkUpdateRecord(b *testing.B) {
	p := openPeer(b, peer.Config{})
	c := of[person](b, p, "bench/people", personIndexes...)
	id := made(b, c, someone(1))
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Update(b.Context(), id, func(e *person) error { e.Age++; return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBroughtRecords takes in records that others have made, many at a time.
func BenchmarkBroughtRecords(b *testing.B) {
	p := openPeer(b, peer.Config{})
	c := of[person](b, p, "bench/people", personIndexes...)
	type brought struct {
		id     crdt.DocumentID
		change *changes.Change
	}
	const batch = 256
	next := func() (all []brought) {
		for n := range batch {
			doc, err := crdt.New(crdt.NewActorID())
			if err != nil {
				b.Fatal(err)
			}
			made, err := doc.Change(func(root crdt.Map) error { return root.Reconcile(someone(n)) })
			if err != nil {
				b.Fatal(err)
			}
			all = append(all, brought{c.NewID(), made})
		}
		return all
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		b.StopTimer()
		all := next()
		b.StartTimer()
		var wg sync.WaitGroup
		for _, one := range all {
			wg.Go(func() {
				if err := p.Bring(b.Context(), one.id, []*changes.Change{one.change}); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		n += batch
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}
