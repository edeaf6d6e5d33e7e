package peer_test

import (
	"fmt"
	"strings"
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

// brought is a change that somebody else has made, which is all of a record.
type brought struct {
	id     crdt.DocumentID
	change *changes.Change
}

func madeElsewhere(b *testing.B, c *peer.Records[person], all []person) (made []brought) {
	b.Helper()
	for _, who := range all {
		doc, err := crdt.New(crdt.NewActorID())
		if err != nil {
			b.Fatal(err)
		}
		change, err := doc.Change(func(root crdt.Map) error { return root.Reconcile(who) })
		if err != nil {
			b.Fatal(err)
		}
		doc.Close()
		made = append(made, brought{c.NewID(), change})
	}
	return made
}

// bring takes in records, and returns when they are durable.
func bring(b *testing.B, p *node, page []brought) {
	b.Helper()
	done := make(chan error, len(page))
	for _, one := range page {
		p.Bring(one.id, []*changes.Change{one.change}, func(err error) { done <- err })
	}
	for range page {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBringRecord takes in records that others have made, many at a time.
func BenchmarkBringRecord(b *testing.B) {
	p := quiet(b, peer.Config{})
	c := of[person](b, p, "bench/people", personIndexes...)
	const batch = 256
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		b.StopTimer()
		page := madeElsewhere(b, c, people(batch, 150))
		b.StartTimer()
		bring(b, p, page)
		n += batch
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}
