package peer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/load"
	"github.com/godwit-sync/godwit/peer"
)

// quiet gives the peer of a benchmark a directory of its own, and no log.
func quiet(b *testing.B, config peer.Config) *node {
	b.Helper()
	config.Logger = nil
	if config.Path == "" {
		config.Path = b.TempDir()
	}
	config.Engine = engine()
	p, err := peer.Open(config)
	if err != nil {
		b.Fatal(err)
	}
	n := &node{Peer: p, tb: b, hang: func() {}}
	b.Cleanup(n.close)
	return n
}

// record is a small document: ten fields.
func record(n int) func(crdt.Map) error {
	return func(root crdt.Map) error {
		for field := range 9 {
			if err := root.Set(fmt.Sprint("field", field), n+field); err != nil {
				return err
			}
		}
		return root.Set("name", "Ada Lovelace")
	}
}

// A durable change of a small document by one writer, and, in turns with it, a
// bare Badger commit of the same size with synced writes: x-bare is the ratio
// of their medians.
func BenchmarkChange(b *testing.B) {
	p := quiet(b, peer.Config{})
	doc, err := p.Create(b.Context(), record(0))
	if err != nil {
		b.Fatal(err)
	}
	options := badger.DefaultOptions(b.TempDir()).WithSyncWrites(true).WithLogger(nil).WithMemTableSize(1 << 20).
		WithNumMemtables(2).WithBlockCacheSize(0).WithIndexCacheSize(0).WithMetricsEnabled(false).WithValueThreshold(100 << 10).WithCompression(0)
	bare, err := badger.Open(options)
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	value := make([]byte, 300) // a change of one field, its row in the journal, and the document's row
	var ours, theirs []time.Duration
	n := 0
	for b.Loop() {
		n++
		start := time.Now()
		if err := doc.Change(b.Context(), set("field1", n)); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		err := bare.Update(func(txn *badger.Txn) error { return txn.Set(strconv.AppendInt(nil, int64(n), 10), value) })
		if err != nil {
			b.Fatal(err)
		}
		ours = append(ours, middle.Sub(start))
		theirs = append(theirs, time.Since(middle))
	}
	b.ReportMetric(float64(median(ours).Microseconds()), "µs/change")
	b.ReportMetric(float64(median(theirs).Microseconds()), "µs/bare-commit")
	b.ReportMetric(float64(median(ours))/float64(median(theirs)), "x-bare")
}

func median(all []time.Duration) time.Duration { return quantile(all, 0.5) }

func quantile(all []time.Duration, q float64) time.Duration {
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))]
}

// Many goroutines change documents of their own each, and begin another one
// after every hundredth change.
func BenchmarkChangeParallel(b *testing.B) {
	p := quiet(b, peer.Config{})
	var next atomic.Int64
	b.SetParallelism(128)
	start := time.Now()
	b.RunParallel(func(pb *testing.PB) {
		var doc *peer.Document
		for n := 0; pb.Next(); n++ {
			var err error
			if n%100 == 0 {
				doc, err = p.Create(b.Context(), record(int(next.Add(1))))
			} else {
				err = doc.Change(b.Context(), set("field1", -n))
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "changes/s")
}

// From before a change at one peer until another sees it, through a relay.
func BenchmarkLatency(b *testing.B) {
	r := startRelay(b)
	ada, bob := quiet(b, peer.Config{Relay: r.url()}), quiet(b, peer.Config{Relay: r.url()})
	ada.online()
	bob.online()
	atAda := ada.create(record(0))
	atBob := bob.find(atAda.ID())
	news := atBob.Watch(b.Context())
	var took []time.Duration
	n := 100 // nothing that the document says already
	for b.Loop() {
		n++
		start := time.Now()
		if err := atAda.Change(b.Context(), set("field1", n)); err != nil {
			b.Fatal(err)
		}
		for seen := int64(-1); seen != int64(n); {
			select {
			case <-news:
			case <-time.After(patience):
				b.Fatal("it doesn't come")
			}
			err := atBob.View(b.Context(), func(root crdt.Map) error {
				seen = root.Get("field1").Int()
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		took = append(took, time.Since(start))
	}
	b.ReportMetric(median(took).Seconds()*1000, "p50-ms")
	b.ReportMetric(quantile(took, 0.99).Seconds()*1000, "p99-ms")
}

// A fresh peer fetches 2,000 documents of 50 changes.
func BenchmarkFetch(b *testing.B) {
	const documents, changes = 2000, 50
	r := startRelay(b)
	ids := stock(b, r, b.TempDir(), documents, changes)
	for b.Loop() {
		fresh := quiet(b, peer.Config{Relay: r.url()})
		start := time.Now()
		fetch(b, fresh, ids)
		b.ReportMetric(time.Since(start).Seconds(), "s")
		fresh.close()
	}
}

// stock makes documents in a directory, and brings them to a relay unless that
// is nil.
func stock(tb testing.TB, r *server, dir string, documents, changes int) (ids []crdt.DocumentID) {
	tb.Helper()
	config := peer.Config{Path: dir, Reserve: -1}
	if r != nil {
		config.Relay = r.url()
	}
	config.Engine = engine()
	p, err := peer.Open(config)
	if err != nil {
		tb.Fatal(err)
	}
	n := &node{Peer: p, tb: tb, hang: func() {}}
	defer n.close()
	work := make(chan int)
	made := make([]crdt.DocumentID, documents)
	done := make(chan error)
	for range 64 {
		go func() { done <- makeDocuments(n, work, made, changes) }()
	}
	for i := range documents {
		work <- i
	}
	close(work)
	for range 64 {
		if err := <-done; err != nil {
			tb.Fatal(err)
		}
	}
	if r != nil {
		n.online()
		n.sync()
	}
	return made
}

func makeDocuments(n *node, work <-chan int, made []crdt.DocumentID, changes int) error {
	var failed error
	for i := range work {
		doc, err := n.Create(context.Background(), record(i))
		for c := 1; c < changes && err == nil; c++ {
			err = doc.Change(context.Background(), set("field1", i+c+1))
		}
		if err != nil {
			failed = err
			continue
		}
		made[i] = doc.ID()
	}
	return failed
}

func fetch(tb testing.TB, n *node, ids []crdt.DocumentID) {
	tb.Helper()
	n.online()
	found := make(chan error, 64)
	work := make(chan crdt.DocumentID)
	for range cap(found) {
		go func() {
			var failed error
			for id := range work {
				if _, err := n.Find(context.Background(), id); err != nil {
					failed = err
				}
			}
			found <- failed
		}()
	}
	for _, id := range ids {
		work <- id
	}
	close(work)
	for range cap(found) {
		if err := <-found; err != nil {
			tb.Fatal(err)
		}
	}
	n.sync()
}

// Opening a directory of 10,000 documents, and listing them.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	stock(b, nil, dir, 10_000, 3)
	for b.Loop() {
		start := time.Now()
		p, err := peer.Open(peer.Config{Path: dir, Engine: engine()})
		if err != nil {
			b.Fatal(err)
		}
		opened := time.Now()
		n := 0
		for _, err := range p.Documents(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		b.ReportMetric(opened.Sub(start).Seconds()*1000, "open-ms")
		b.ReportMetric(time.Since(opened).Seconds()*1000, "list-ms")
		if n != 10_000 {
			b.Fatalf("%d documents", n)
		}
		b.StopTimer()
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// The memory of a process with an idle, linked peer that knows 1,000 documents.
func BenchmarkIdle(b *testing.B) {
	r := startRelay(b)
	dir := b.TempDir()
	stock(b, r, dir, 1000, 50)
	for b.Loop() {
		b.ReportMetric(memoryOf(b, "idle", dir, r.url())[0], "RssAnon-MB")
	}
}

// memoryOf returns how much memory a process with an idle peer takes, in MB, each
// time that it says so.
func memoryOf(b *testing.B, role, dir, url string) (all []float64) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "GODWIT_PEER_TEST_ROLE="+role, "GODWIT_PEER_TEST_DIR="+dir, "GODWIT_PEER_TEST_RELAY="+url)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		bytes, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, bytes/1e6)
	}
	return all
}

// untilGivenBack is how long the garbage of a beginning is still memory.
const untilGivenBack = 15 * time.Second

// playIdle links a peer, waits until it has nothing to do, and says how much
// memory its process takes, in bytes.
func playIdle() error {
	return idle(func(context.Context, *peer.Peer) error { return nil }, untilGivenBack)
}

// idle has a peer do something, and says how much memory its process takes after
// each of some waits.
func idle(do func(context.Context, *peer.Peer) error, waits ...time.Duration) error {
	p, err := peer.Open(peer.Config{Path: os.Getenv("GODWIT_PEER_TEST_DIR"), Relay: os.Getenv("GODWIT_PEER_TEST_RELAY"), Engine: engine()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	err = errors.Join(do(ctx, p), p.Sync(ctx))
	for _, wait := range waits {
		time.Sleep(wait)
		bytes, unknown := load.Anonymous(os.Getpid())
		fmt.Println(bytes)
		err = errors.Join(err, unknown)
	}
	cancel()
	return errors.Join(err, <-done, p.Close())
}
