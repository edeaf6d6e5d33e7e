package peer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// A peer that has memory for hardly any document works with many all the same.
func TestMemoryForOne(t *testing.T) {
	r := startRelay(t)
	ada := openPeer(t, peer.Config{Relay: r.url(), OpenBytes: 1, GraphBytes: 1})
	bob := openPeer(t, peer.Config{Relay: r.url(), OpenBytes: 100 << 10})
	ada.online()
	bob.online()
	const documents, rounds = 20, 5
	var docs, theirs []*peer.Document
	for n := range documents {
		docs = append(docs, ada.create(set("n", n)))
		theirs = append(theirs, bob.find(docs[n].ID()))
	}
	var everybody sync.WaitGroup
	for n := range documents {
		everybody.Go(func() {
			for round := range rounds {
				change(t, docs[n], set("ada", round))
				change(t, theirs[n], set("bob", round))
			}
		})
	}
	everybody.Wait()
	for n := range documents {
		if got := agree(t, docs[n], theirs[n]); fmt.Sprint(got) != fmt.Sprintf("map[ada:%d bob:%[1]d n:%d]", rounds-1, n) {
			t.Errorf("document %d says %v", n, got)
		}
		noTwins(t, docs[n], theirs[n])
	}
}

// Many who write to one document, and read it, while others write to it
// elsewhere: nothing is lost, and nobody sees less than they wrote.
func TestManyWritersOfOne(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	bob.online()
	doc := ada.create(set("count", crdt.Counter(0)))
	atBob := bob.find(doc.ID())
	const writers, times = 8, 15
	var everybody sync.WaitGroup
	for w := range writers {
		everybody.Go(func() {
			d := []*peer.Document{doc, atBob}[w%2]
			for n := range times {
				key := fmt.Sprintf("%d.%d", w, n)
				change(t, d, func(root crdt.Map) error { return errors.Join(root.Set(key, n), root.Increment("count", 1)) })
				if got := read(t, d); got[key] == nil {
					t.Errorf("%s is not to be seen by who wrote it", key)
				}
			}
		})
	}
	everybody.Wait()
	got := agree(t, doc, atBob)
	if fmt.Sprint(got["count"]) != fmt.Sprint(writers*times) || len(got) != writers*times+1 {
		t.Errorf("they say %v", got)
	}
	noTwins(t, doc, atBob)
}

// Close comes in the middle of everything, from several sides, and more than
// once: whatever was acknowledged is there afterwards, whatever came too late
// says so, and nobody hangs.
func TestCloseDuringAnything(t *testing.T) {
	r := startRelay(t)
	dir := t.TempDir()
	for round := range 5 {
		p, err := peer.Open(peer.Config{Path: dir, Relay: r.url(), Reserve: -1})
		if err != nil {
			t.Fatal(err)
		}
		acknowledged := closeInTheMiddle(t, p)
		again := openPeer(t, peer.Config{Path: dir})
		for id, last := range acknowledged {
			if got := read(t, again.find(id)); got["n"].(int64) < int64(last) {
				t.Errorf("round %d: %s says %v, and %d was acknowledged", round, id, got, last)
			}
		}
		again.close()
	}
}

func closeInTheMiddle(t *testing.T, p *peer.Peer) map[crdt.DocumentID]int {
	t.Helper()
	var mu sync.Mutex
	acknowledged := map[crdt.DocumentID]int{}
	var everybody sync.WaitGroup
	var ready atomic.Int64
	warm := make(chan struct{})
	check := func(what string, err error) bool {
		if err != nil && !errors.Is(err, peer.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
		return err == nil
	}
	everybody.Go(func() { check("Run", p.Run(t.Context())) })
	for range 4 {
		everybody.Go(func() {
			doc, err := p.Create(t.Context(), set("n", 100))
			if !check("Create", err) {
				return
			}
			for n := 101; check("Change", doc.Change(t.Context(), set("n", n))); n++ {
				mu.Lock()
				acknowledged[doc.ID()] = n
				mu.Unlock()
				if n == 103 && ready.Add(1) == 4 {
					close(warm)
				}
			}
		})
	}
	for _, do := range []func(doc *peer.Document) error{
		func(doc *peer.Document) error { _, err := doc.Fork(t.Context()); return err },
		func(doc *peer.Document) error { return doc.View(t.Context(), func(crdt.Map) error { return nil }) },
		func(doc *peer.Document) error { _, err := doc.Status(); return err },
		func(doc *peer.Document) error { return p.Sync(t.Context()) },
		func(doc *peer.Document) error {
			_, err := p.Find(t.Context(), crdt.NewDocumentID())
			if errors.Is(err, peer.ErrUnavailable) {
				return nil
			}
			return err
		},
		func(doc *peer.Document) error {
			other, err := p.Create(t.Context(), nil)
			if err != nil {
				return err
			}
			return p.Forget(t.Context(), other.ID())
		},
		func(doc *peer.Document) error {
			for _, err := range p.Documents(t.Context()) {
				if err != nil {
					return err
				}
			}
			return doc.Broadcast("hello")
		},
		func(doc *peer.Document) error {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := doc.Presence(ctx, map[string]any{"name": "somebody"})
			return err
		},
	} {
		everybody.Go(func() {
			doc, err := p.Create(t.Context(), set("n", 0))
			for err == nil {
				err = do(doc)
			}
			check("something", err)
		})
	}
	everybody.Go(func() {
		for range p.Watch(t.Context()) {
		}
		for range p.Link(t.Context()) {
		}
	})
	<-warm
	for range 3 {
		everybody.Go(func() { check("Close", p.Close()) })
	}
	everybody.Wait()
	return acknowledged
}

// A closed peer says so, whatever it is asked.
func TestClosed(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true, Relay: "ws://127.0.0.1:1"})
	doc := p.create(set("n", 1))
	if err := errors.Join(p.Close(), p.Close()); err != nil {
		t.Fatal(err)
	}
	ctx, id := t.Context(), doc.ID()
	none := func(crdt.Map) error { return nil }
	for what, do := range map[string]func() error{
		"Create":    func() error { _, err := p.Create(ctx, none); return err },
		"Find":      func() error { _, err := p.Find(ctx, id); return err },
		"Document":  func() error { _, err := p.Document(id); return err },
		"Forget":    func() error { return p.Forget(ctx, id) },
		"Run":       func() error { return p.Run(ctx) },
		"Sync":      func() error { return p.Sync(ctx) },
		"Change":    func() error { return doc.Change(ctx, none) },
		"ChangeAt":  func() error { return doc.ChangeAt(ctx, nil, none) },
		"View":      func() error { return doc.View(ctx, none) },
		"ViewHeads": func() error { _, err := doc.ViewHeads(ctx, none); return err },
		"Heads":     func() error { _, err := doc.Heads(); return err },
		"Save":      func() error { _, err := doc.Save(ctx); return err },
		"Ready":     func() error { return doc.Ready(ctx) },
		"Retry":     func() error { return doc.Retry(ctx) },
		"Status":    func() error { _, err := doc.Status(); return err },
		"sync one":  func() error { return doc.Sync(ctx) },
		"Fork":      func() error { _, err := doc.Fork(ctx); return err },
		"Merge":     func() error { return doc.Merge(ctx, doc) },
		"Broadcast": func() error { return doc.Broadcast(1) },
		"Presence":  func() error { _, err := doc.Presence(ctx, nil); return err },
		"Documents": func() error {
			for _, err := range p.Documents(ctx) {
				return err
			}
			return nil
		},
	} {
		if err := do(); !errors.Is(err, peer.ErrClosed) {
			t.Errorf("%s of a closed peer: %v", what, err)
		}
	}
	ended(t, doc.Watch(ctx))
	ended(t, p.Watch(ctx))
	ended(t, p.Link(ctx))
	ended(t, doc.Messages(ctx))
	if doc.ID() != id || doc.URL() != id.URL() || p.ID() == "" {
		t.Error("it has forgotten its names")
	}
}

// Forgetting, finding and writing at the same time, by many: in the end the
// document can be found, and is whole.
func TestForgetInTheMiddle(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	bob.online()
	doc := ada.create(set("n", 0))
	reaches(t, doc, peer.Synced)
	atBob := bob.find(doc.ID())
	var everybody sync.WaitGroup
	for w := range 3 {
		everybody.Go(func() {
			for n := range 30 {
				err := atBob.Change(t.Context(), set(fmt.Sprint("bob", w), n))
				for _, fine := range []error{peer.ErrUnknown, peer.ErrNotHere, peer.ErrUnavailable} {
					if errors.Is(err, fine) {
						err = nil
					}
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	everybody.Go(func() {
		for range 10 {
			if err := bob.Forget(t.Context(), doc.ID()); err != nil {
				t.Error(err)
			}
			bob.find(doc.ID())
		}
	})
	everybody.Go(func() {
		for n := range 30 {
			change(t, doc, set("ada", n))
		}
	})
	everybody.Wait()
	atBob = bob.find(doc.ID())
	change(t, atBob, set("last", true))
	if got := agree(t, doc, atBob); got["last"] != true || fmt.Sprint(got["ada"]) != "29" {
		t.Errorf("they say %v", got)
	}
	reaches(t, atBob, peer.Synced)
	bob.sync()
	noTwins(t, doc, atBob)
	if s := bob.until("the sums are right", func(s peer.LinkState) bool { return s.Documents == 1 && s.Settled == 1 }); s.Phase != peer.Online {
		t.Errorf("the link is %+v", s)
	}
}

// What is forgotten while a link comes about stays forgotten: it is neither
// fetched again, nor waited for.
func TestForgetWhileLinking(t *testing.T) {
	r := startRelay(t)
	linked := make(chan struct{}, 2)
	log := slog.New(listening{slog.DiscardHandler, "linked to the relay", func() { linked <- struct{}{} }})
	ada := openPeer(t, peer.Config{InMemory: true, Relay: r.url(), Logger: log})
	for range 5 {
		var docs []*peer.Document
		for range 200 {
			docs = append(docs, ada.create(set("n", 1)))
		}
		slices.SortFunc(docs, func(a, b *peer.Document) int { // the last first, while the first are being engaged
			one, other := a.ID(), b.ID()
			return bytes.Compare(other[:], one[:])
		})
		ada.run()
		<-linked
		var everybody sync.WaitGroup
		for some := range slices.Chunk(docs, 50) {
			everybody.Go(func() {
				for _, doc := range some {
					if err := ada.Forget(t.Context(), doc.ID()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		everybody.Wait()
		ada.sync()
		ada.until("nothing is talked about", func(s peer.LinkState) bool { return s.Phase == peer.Online && s.Documents == 0 })
		for doc := range ada.Documents(t.Context()) {
			t.Errorf("%s is here again", doc.ID())
		}
		ada.offline()
	}
}

// What is forgotten and found again right after is looked for, and found, also
// by the next start.
func TestFoundAgainAtOnce(t *testing.T) {
	r := startRelay(t)
	dir := t.TempDir()
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	ada.online()
	bob.online()
	doc := ada.create(set("n", 1))
	atBob := bob.find(doc.ID())
	reaches(t, atBob, peer.Synced)
	bob.offline()
	if err := bob.Forget(t.Context(), doc.ID()); err != nil {
		t.Fatal(err)
	}
	again, _ := bob.Find(cancelled(t), doc.ID())
	if s := status(t, again); s.State != peer.NotHere {
		t.Errorf("it is %s", s.State)
	}
	bob.close()
	bob = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	var listed []crdt.DocumentID
	for d := range bob.Documents(t.Context()) {
		listed = append(listed, d.ID())
	}
	if !slices.Equal(listed, []crdt.DocumentID{doc.ID()}) {
		t.Errorf("listed are %v", listed)
	}
	bob.online()
	agree(t, doc, bob.find(doc.ID()))
}

// What was forgotten before anybody else had it was signed all the same: the
// signature isn't used again.
func TestForgottenSignatures(t *testing.T) {
	r, dir := startRelay(t), t.TempDir()
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	ada.online()
	doc := ada.create(set("n", 1))
	signed := map[string]crdt.Hash{}
	for n := range 3 {
		bob.online()
		atBob := bob.find(doc.ID())
		agree(t, doc, atBob)
		bob.offline()
		change(t, atBob, set("lost", n))
		for signature, hash := range signatures(t, atBob) {
			if other, twice := signed[signature]; twice && other != hash {
				t.Errorf("%s has signed both %s and %s", signature, other, hash)
			}
			signed[signature] = hash
		}
		if err := bob.Forget(t.Context(), doc.ID()); err != nil {
			t.Fatal(err)
		}
		if n == 1 { // which is remembered
			bob.close()
			bob = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
		}
	}
}
