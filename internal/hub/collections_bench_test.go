package hub_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// BenchmarkCollectionPull pulls 100,000 records of about a kilobyte over one socket
// into an empty peer, while another peer makes a change every five milliseconds: how
// fast is the one, and how late is the other, beside what it takes when nothing is
// pulled ("quiet").
func BenchmarkCollectionPull(b *testing.B) {
	const many, size = 100_000, 1000
	for range b.N {
		b.StopTimer()
		relay := newStation(b, "relay", b.TempDir()).serve()
		writer, reader := newStation(b, "writer", b.TempDir()), newStation(b, "reader", b.TempDir())
		writer.join(relay.url, "quiet")
		reader.join(relay.url, "quiet")
		writer.caughtUp("quiet")
		reader.caughtUp("quiet")
		n := 0
		reportDelays(b, "quiet", delays(writer, reader, "quiet", func() bool { n++; return n > 300 }))
		relay.fill(staff, 0, many, size)
		b.StartTimer()
		start := time.Now()
		if err := reader.link.Subscribe(staff, false); err != nil {
			b.Fatal(err)
		}
		tag := docid.CollectionTag(staff)
		live := delays(writer, reader, "quiet", func() bool {
			reader.mu.Lock()
			defer reader.mu.Unlock()
			return reader.at[tag].CaughtUp
		})
		b.ReportMetric(many/time.Since(start).Seconds(), "records/s")
		b.StopTimer()
		reportDelays(b, "live", live)
		for _, s := range []*station{reader, writer, relay} {
			s.close()
		}
		b.StartTimer()
	}
}

// delays returns how long changes of one peer take to be durable at another, through
// the relay.
func delays(writer, reader *station, collection string, done func() bool) (delays []time.Duration) {
	id, came := record(collection, 1), make(chan time.Time, 1)
	reader.mu.Lock()
	reader.watch = func(appended docid.ID) {
		if appended == id {
			came <- time.Now()
		}
	}
	reader.mu.Unlock()
	for !done() {
		before := time.Now()
		writer.edit(id)
		delays = append(delays, (<-came).Sub(before))
		time.Sleep(5 * time.Millisecond)
	}
	return delays
}

func reportDelays(b *testing.B, name string, delays []time.Duration) {
	slices.Sort(delays)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(delays[len(delays)*p/100])/1e6, fmt.Sprintf("%s-p%d-ms", name, p))
	}
}

// BenchmarkCollectionPush pushes 100,000 records into an empty relay.
func BenchmarkCollectionPush(b *testing.B) {
	const many, size = 100_000, 1000
	for range b.N {
		b.StopTimer()
		relay, writer := newStation(b, "relay", b.TempDir()).serve(), newStation(b, "writer", b.TempDir())
		writer.fill(staff, 0, many, size)
		b.StartTimer()
		start := time.Now()
		writer.join(relay.url, staff)
		writer.caughtUp(staff)
		b.ReportMetric(many/time.Since(start).Seconds(), "records/s")
		b.StopTimer()
		writer.close()
		relay.close()
		b.StartTimer()
	}
}

// BenchmarkCollectionReconnect joins a relay with 100,000 records, of which another
// peer has changed ten.
func BenchmarkCollectionReconnect(b *testing.B) {
	const many = 100_000
	relay, reader := newStation(b, "relay", b.TempDir()).serve(), newStation(b, "reader", b.TempDir())
	writer := newStation(b, "writer", b.TempDir())
	relay.fill(staff, 0, many, 200)
	tap := newWireTap(b, relay.url)
	for _, s := range []*station{reader, writer} {
		s.join(tap.url, staff)
		s.caughtUp(staff)
	}
	var bytes atomic.Int64
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		reader.leave()
		for n := range 10 {
			writer.edit(record(staff, many+i*10+n))
		}
		writer.caughtUp(staff)
		before := tap.bytes.Load()
		b.StartTimer()
		reader.join(tap.url, staff)
		reader.caughtUp(staff)
		bytes.Add(tap.bytes.Load() - before)
	}
	b.ReportMetric(float64(bytes.Load())/float64(b.N), "wire-bytes/op")
}
