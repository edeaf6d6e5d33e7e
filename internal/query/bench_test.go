package query_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/query"
)

func employee(i int) (docid.ID, record) {
	var id docid.ID
	binary.BigEndian.PutUint64(id[:], uint64(i)*0x9e3779b97f4a7c15)
	return id, record{
		"Department": fmt.Sprintf("department %d", i%20), "Name": fmt.Sprintf("name %d", i*7919%100_000),
		"Age": int64(18 + i%50), "Tags": []any{fmt.Sprintf("tag %d", i%100), "all"},
	}
}

func company(n int) *world {
	w := newWorld(staff...)
	for i := range n {
		w.put(employee(i))
	}
	return w
}

// BenchmarkFind finds 50 among 100,000.
func BenchmarkFind(b *testing.B) {
	w := company(100_000)
	rnd := query.Where("Department").Is("department 3")
	for name, q := range map[string]query.Query{
		"in order":      rnd.OrderBy("Name"),
		"descending":    rnd.OrderByDesc("Name"),
		"filtered":      rnd.And("Age").Above(40).OrderBy("Name"),
		"two merged":    query.Where("Department").In("department 3", "department 7").OrderBy("Name"),
		"by element":    query.Where("Tags").Contains("tag 77").OrderBy("Name"),
		"one in 50":     query.Where("Age").Is(30).OrderBy("Name"),
		"without index": query.Where("Name").Prefix("name 77"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if found := result(b, q.Limit(50), w, w.indexes); len(found) != 50 {
					b.Fatal(len(found))
				}
			}
		})
	}
	b.Run("counted", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if n, err := plan(b, rnd, w.indexes).Count(context.Background(), w); n != 5000 || err != nil {
				b.Fatal(n, err)
			}
		}
	})
}

// BenchmarkLive tells a live result of a record that goes from one end to the
// other.
func BenchmarkLive(b *testing.B) {
	w := company(100_000)
	for name, q := range map[string]query.Query{
		"all 100,000":  query.Query{}.OrderBy("Name"),
		"the first 50": query.Query{}.OrderBy("Name").Limit(50),
	} {
		b.Run(name, func(b *testing.B) {
			live, _, err := plan(b, q, []query.Index{{Number: 2, Fields: []string{"Age"}}}).Live(context.Background(), w)
			if err != nil {
				b.Fatal(err)
			}
			id, first := employee(5)
			_, last := employee(5)
			first["Name"], last["Name"] = "a", "z"
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := live.Update(context.Background(), w, query.Record{ID: id, Fields: []record{first, last}[i%2]}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkKeys(b *testing.B) {
	id, r := employee(12345)
	for _, x := range staff {
		b.Run(x.String(), func(b *testing.B) {
			w := x.Writer()
			b.ReportAllocs()
			for b.Loop() {
				w.Keys(id, r)
			}
		})
	}
}
