package peer_test

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// staff is many records of a kilobyte, with two indexes, of a peer and a relay.
type staff struct {
	n     int
	relay *server
	ann   *node
	anns  *peer.Records[person]
}

// BenchmarkManyRecords is about a collection of 100,000 records of a kilobyte, or of
// $GODWIT_RECORDS.
func BenchmarkManyRecords(b *testing.B) {
	s := newStaff(b, 100_000)
	b.Run("query", s.query)
	b.Run("pull", s.pull)
	b.Run("live", s.live)
	b.Run("reconnect", s.reconnect)
	b.Run("idle", s.idle)
}

func newStaff(b *testing.B, n int) *staff {
	b.Helper()
	if fewer, err := strconv.Atoi(os.Getenv("GODWIT_RECORDS")); err == nil {
		n = fewer
	}
	s := &staff{n: n, relay: startRelay(b)}
	s.ann = quiet(b, peer.Config{Relay: s.relay.url()})
	s.anns = s.join(b, s.ann)
	s.ann.online()
	batch := make([]person, 100)
	for from := 0; from < n; from += len(batch) {
		for i := range batch {
			batch[i] = noted(from+i, 900)
		}
		hireAtOnce(b, s.ann, s.anns, batch)
	}
	patiently(b, s.anns.Push)
	return s
}

// join has a peer follow the collection.
func (s *staff) join(b *testing.B, p *node) *peer.Records[person] {
	return of[person](b, p, "bench/people", personIndexes...)
}

// patiently does what takes as long as it takes.
func patiently(b *testing.B, do func(context.Context) error) {
	b.Helper()
	if err := do(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// query finds fifty of a department's thousand in an index.
func (s *staff) query(b *testing.B) {
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		found := first(b, s.anns, peer.Where("Department").Is("D3").OrderBy("Name").Limit(50))
		if len(found) != min(50, s.n/100) {
			b.Fatalf("%d records are found", len(found))
		}
		took = append(took, time.Since(start))
	}
	b.ReportMetric(median(took).Seconds()*1e6, "µs/query")
}

// first returns what a query finds.
func first(b *testing.B, c *peer.Records[person], q peer.Query) (ids []crdt.DocumentID) {
	b.Helper()
	for r, err := range c.Find(b.Context(), q) {
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	return ids
}

// pull has a fresh peer pull all, and then Badger alone write what that has written.
func (s *staff) pull(b *testing.B) {
	var ours, theirs time.Duration
	for b.Loop() {
		dir := b.TempDir()
		p := quiet(b, peer.Config{Path: dir, Relay: s.relay.url()})
		c := s.join(b, p)
		start := time.Now()
		p.run()
		patiently(b, c.Pull)
		ours += time.Since(start)
		if have, err := c.Count(b.Context()); err != nil || have != s.n {
			b.Fatalf("%d of %d records have arrived: %v", have, s.n, err)
		}
		p.close()
		theirs += writeAgain(b, dir)
	}
	reportBesideBadger(b, b.N*s.n, ours, theirs)
}

// writeAgain has Badger alone write what a peer has written.
func writeAgain(b *testing.B, dir string) time.Duration {
	written := transactions(b, dir)
	bare := openBare(b, b.TempDir())
	defer bare.Close()
	return writeBare(b, bare, written)
}

// reconnect meets the relay again, of whose records ten have been changed, and is
// done when it has these changes.
func (s *staff) reconnect(b *testing.B) {
	wire := newCutter(b, s.relay.url())
	p := quiet(b, peer.Config{Relay: wire.url})
	c := s.join(b, p)
	p.online()
	patiently(b, c.Pull)
	ten := first(b, s.anns, peer.Where("Department").Is("D3").Limit(10))
	var took []time.Duration
	var bytes int64
	for b.Loop() {
		p.offline()
		for _, id := range ten {
			if err := s.anns.Update(b.Context(), id, func(who *person) error { who.Age++; return nil }); err != nil {
				b.Fatal(err)
			}
		}
		patiently(b, s.anns.Push)
		before, start := wire.bytes.Load(), time.Now()
		p.run()
		patiently(b, c.Pull)
		took = append(took, time.Since(start))
		bytes += wire.bytes.Load() - before
	}
	b.ReportMetric(median(took).Seconds()*1e3, "ms/reconnect")
	b.ReportMetric(float64(bytes)/float64(b.N), "wire-bytes")
}

// idle tells the memory of a process whose peer has pulled all: soon after that, when
// it has been idle for three minutes, and of one that has then been opened anew.
func (s *staff) idle(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		pulled := memoryOf(b, "holder", dir, s.relay.url())
		b.ReportMetric(pulled[0], "pulled-MB")
		b.ReportMetric(pulled[1], "idle-MB")
		b.ReportMetric(memoryOf(b, "idle", dir, s.relay.url())[0], "opened-MB")
	}
}

// playHolder is an idle peer that has pulled all records, and has looked for some.
// Go's runtime collects what that has left within two minutes if nothing is done.
func playHolder() error {
	return idle(func(ctx context.Context, p *peer.Peer) error {
		c, err := peer.CollectionOf[person](p, "bench/people", personIndexes...)
		if err != nil {
			return err
		}
		if err := c.Pull(ctx); err != nil {
			return err
		}
		for _, err := range c.Find(ctx, peer.Where("Department").Is("D3").OrderBy("Name").Limit(50)) {
			if err != nil {
				return err
			}
		}
		return nil
	}, untilGivenBack, 3*time.Minute)
}
