package peer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
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

// BenchmarkCreateRecords makes records in transactions of 256, and one by one.
func BenchmarkCreateRecords(b *testing.B) {
	for _, batch := range []int{1, 256} {
		b.Run(fmt.Sprint("batch=", batch), func(b *testing.B) {
			p := openPeer(b, peer.Config{})
			c := of[person](b, p, "bench/people", personIndexes...)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				err := p.Commit(b.Context(), func(tx *peer.Tx) error {
					for range batch {
						n++
						if _, err := c.In(tx).Create(b.Context(), someone(n)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkGetRecord reads one of many records.
func BenchmarkGetRecord(b *testing.B) {
	p := openPeer(b, peer.Config{})
	c := of[person](b, p, "bench/people", personIndexes...)
	ids := createMany(b, p, c, 5_000)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if _, err := c.Get(b.Context(), ids[n%100]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFindRecords looks for fifty of many records, by an index, in its order.
func BenchmarkFindRecords(b *testing.B) {
	const n = 100_000
	p := openPeer(b, peer.Config{})
	c := of[person](b, p, "bench/people", personIndexes...)
	createMany(b, p, c, n)
	q := peer.Where("Department").Is(crdt.ImmutableString("D7")).OrderBy("Name").Limit(50)
	b.ReportAllocs()
	for b.Loop() {
		found := 0
		for _, err := range c.Find(b.Context(), q) {
			if err != nil {
				b.Fatal(err)
			}
			found++
		}
		if found != 50 {
			b.Fatalf("%d were found", found)
		}
	}
}

// createMany makes records, many in each transaction.
func createMany(b *testing.B, p *node, c *peer.Records[person], n int) (ids []crdt.DocumentID) {
	b.Helper()
	for len(ids) < n {
		commit(b, p, func(tx *peer.Tx) error {
			for range min(peer.MaxRecords, n-len(ids)) {
				id, err := c.In(tx).Create(b.Context(), someone(len(ids)))
				if err != nil {
					return err
				}
				ids = append(ids, id)
			}
			return nil
		})
	}
	return ids
}

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
