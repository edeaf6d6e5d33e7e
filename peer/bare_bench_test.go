package peer_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// noted is someone of whom so many bytes are noted, hardly to be compressed.
func noted(n, bytes int) person {
	random := rand.New(rand.NewPCG(uint64(n), 0))
	notes := make([]byte, bytes)
	for i := range notes {
		notes[i] = "abcdefghijklmnopqrstuvwxyz     "[random.IntN(31)]
	}
	who := someone(n)
	who.Notes = string(notes)
	return who
}

// people makes up records, of which so many bytes are notes.
func people(n, bytes int) (all []person) {
	for i := range n {
		all = append(all, noted(i, bytes))
	}
	return all
}

// hire creates records, so many in a transaction.
func hire(b *testing.B, p *node, all []person, each int) *peer.Records[person] {
	b.Helper()
	c := of[person](b, p, "bench/people", personIndexes...)
	for some := range slices.Chunk(all, each) {
		hireAtOnce(b, p, c, some)
	}
	return c
}

func hireAtOnce(b *testing.B, p *node, c *peer.Records[person], some []person) {
	b.Helper()
	err := p.Commit(b.Context(), func(tx *peer.Tx) error {
		for _, who := range some {
			if _, err := c.In(tx).Create(b.Context(), who); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// reportBesideBadger says how fast records were written, and Badger alone; of-bare
// is the ratio.
func reportBesideBadger(b *testing.B, records int, ours, theirs time.Duration) {
	b.ReportMetric(float64(records)/ours.Seconds(), "records/s")
	b.ReportMetric(float64(records)/theirs.Seconds(), "bare-records/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "of-bare")
}

// Records with two indexes are created, a hundred in a transaction and one by one,
// and, in turns with that, Badger alone writes what that has written.
func BenchmarkRecordsCreate(b *testing.B) {
	for _, size := range []struct{ notes, records, each int }{
		{150, 20_000, 100}, {900, 10_000, 100}, {150, 1000, 1}, {900, 1000, 1},
	} {
		b.Run(fmt.Sprintf("notes=%d/batch=%d", size.notes, size.each), func(b *testing.B) {
			all := people(size.records, size.notes)
			dir := b.TempDir()
			p := quiet(b, peer.Config{Path: dir})
			hire(b, p, all, size.each)
			p.close()
			written := transactions(b, dir)
			var ours, theirs time.Duration
			for b.Loop() {
				o, t := createBesideBadger(b, all, size.each, written)
				ours, theirs = ours+o, theirs+t
			}
			reportBesideBadger(b, b.N*size.records, ours, theirs)
		})
	}
}

func createBesideBadger(b *testing.B, all []person, each int, written []bareTxn) (ours, theirs time.Duration) {
	p := quiet(b, peer.Config{})
	defer p.close()
	bare := openBare(b, b.TempDir())
	defer bare.Close()
	c := of[person](b, p, "bench/people", personIndexes...)
	turns := len(all) / each
	for turn := range turns {
		start := time.Now()
		hireAtOnce(b, p, c, all[turn*each:(turn+1)*each])
		ours += time.Since(start)
		theirs += writeBare(b, bare, written[turn*len(written)/turns:(turn+1)*len(written)/turns])
	}
	return ours, theirs
}

// Records with two indexes that others have made are taken in, as they come in
// pages of 256, four of them under way, and, in turns with that, Badger alone writes
// what that has written, a transaction for each page.
func BenchmarkRecordsBring(b *testing.B) {
	for _, size := range []struct{ notes, records int }{{150, 1024 * 10}, {900, 1024 * 10}} {
		b.Run(fmt.Sprintf("notes=%d", size.notes), func(b *testing.B) {
			dir := b.TempDir()
			p := quiet(b, peer.Config{Path: dir})
			all := madeElsewhere(b, of[person](b, p, "bench/people", personIndexes...), people(size.records, size.notes))
			for pages := range slices.Chunk(all, 1024) {
				bring(b, p, pages)
			}
			p.close()
			commits := transactions(b, dir)
			written := joined(commits, size.records/256)
			var ours, theirs time.Duration
			for b.Loop() {
				o, t := bringBesideBadger(b, all, written)
				ours, theirs = ours+o, theirs+t
			}
			reportBesideBadger(b, b.N*size.records, ours, theirs)
			b.ReportMetric(float64(size.records)/float64(len(commits)), "records/commit")
		})
	}
}

func bringBesideBadger(b *testing.B, all []brought, written []bareTxn) (ours, theirs time.Duration) {
	p := quiet(b, peer.Config{})
	defer p.close()
	bare := openBare(b, b.TempDir())
	defer bare.Close()
	of[person](b, p, "bench/people", personIndexes...)
	for pages := range slices.Chunk(all, 1024) {
		start := time.Now()
		bring(b, p, pages)
		ours += time.Since(start)
		theirs += writeBare(b, bare, written[:4])
		written = written[4:]
	}
	return ours, theirs
}

// A record is got into a struct, and, in turns with that, one of the same views
// from a copy of the same database with Badger alone.
func BenchmarkRecordsGet(b *testing.B) {
	dir, copied := b.TempDir(), b.TempDir()
	p := quiet(b, peer.Config{Path: dir})
	hire(b, p, people(1000, 900), 100)
	p.close()
	if err := os.CopyFS(copied, os.DirFS(filepath.Join(dir, "badger"))); err != nil {
		b.Fatal(err)
	}
	bare := openBare(b, copied)
	defer bare.Close()
	p = quiet(b, peer.Config{Path: dir})
	c := of[person](b, p, "bench/people", personIndexes...)
	var ids []crdt.DocumentID
	for r, err := range c.Find(b.Context(), peer.Query{}) {
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	keys := keysWith(b, bare, "peer1/view/")
	if len(keys) != len(ids) {
		b.Fatalf("%d views of %d records", len(keys), len(ids))
	}
	var ours, theirs []time.Duration
	n := 0
	for b.Loop() {
		n++
		start := time.Now()
		if _, err := c.Get(b.Context(), ids[n%len(ids)]); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		readBare(b, bare, keys[n%len(keys)])
		ours, theirs = append(ours, middle.Sub(start)), append(theirs, time.Since(middle))
	}
	b.ReportMetric(median(ours).Seconds()*1e6, "µs/get")
	b.ReportMetric(median(theirs).Seconds()*1e6, "µs/bare-get")
	b.ReportMetric(median(ours).Seconds()/median(theirs).Seconds(), "x-bare")
}
