package peer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// signatures returns who made which change of a document under which number.
func signatures(tb testing.TB, doc *peer.Document) map[string]crdt.Hash {
	tb.Helper()
	data, err := doc.Save(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	open, err := crdt.Load(crdt.NewActorID(), data)
	if err != nil {
		tb.Fatal(err)
	}
	defer open.Close()
	history, err := open.Changes(nil)
	if err != nil {
		tb.Fatal(err)
	}
	signed := map[string]crdt.Hash{}
	for _, c := range history {
		signed[fmt.Sprintf("%s %d", c.Actor, c.Seq)] = c.Hash
	}
	if len(signed) != len(history) {
		tb.Errorf("%s has %d changes with %d signatures", doc.ID(), len(history), len(signed))
	}
	return signed
}

// noTwins tests that nobody has signed two changes with one number.
func noTwins(tb testing.TB, docs ...*peer.Document) {
	tb.Helper()
	all := map[string]crdt.Hash{}
	for _, doc := range docs {
		for signature, hash := range signatures(tb, doc) {
			if other, twice := all[signature]; twice && other != hash {
				tb.Errorf("%s has signed both %s and %s", signature, other, hash)
			}
			all[signature] = hash
		}
	}
}

// A fork goes its own way, and comes back; whoever goes on in both, here or at
// another peer, never signs two changes with one number.
func TestForkAndMerge(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	bob.online()
	doc := ada.create(set("title", "Draft", "n", 1))
	change(t, doc, set("n", 2))
	fork, err := doc.Fork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, fork); fmt.Sprint(got) != fmt.Sprint(read(t, doc)) {
		t.Errorf("the fork says %v", got)
	}
	atBob := bob.find(doc.ID())
	bobs, err := atBob.Fork(t.Context()) // with Ada's changes, which she hasn't put there
	if err != nil {
		t.Fatal(err)
	}
	change(t, bobs, set("bob", 1))
	reaches(t, bobs, peer.Synced)
	theirs := ada.find(bobs.ID())
	for n := range 3 {
		change(t, doc, set("doc", n))
		change(t, fork, set("fork", n))
		change(t, theirs, set("theirs", n))
	}
	agree(t, theirs, bobs)
	noTwins(t, doc, fork, theirs)

	for _, other := range []*peer.Document{fork, theirs, fork, doc} {
		if err := doc.Merge(t.Context(), other); err != nil {
			t.Fatal(err)
		}
	}
	if err := fork.Merge(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	if got := read(t, doc); len(got) != 6 || fmt.Sprint(got) != fmt.Sprint(read(t, fork)) {
		t.Errorf("merged they say %v and %v", got, read(t, fork))
	}
	change(t, doc, set("n", 3))
	change(t, fork, set("n", 4))
	noTwins(t, doc, fork, theirs)
	agree(t, doc, atBob)
	reaches(t, doc, peer.Synced)
	reaches(t, fork, peer.Synced)
}

// A long document is forked whole, or not at all.
func TestForkOfALongDocument(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	doc := p.create(set("n", 0))
	const many = 1200
	for n := range many {
		change(t, doc, set("n", n+1))
	}
	fork, err := doc.Fork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(heads(t, doc), heads(t, fork)) || status(t, fork).Changes != many+1 {
		t.Errorf("the fork has %d changes", status(t, fork).Changes)
	}
	change(t, fork, set("forked", true)) // what was merely copied is not taken for its own
	if got := read(t, fork); fmt.Sprint(got["n"], got["forked"]) != fmt.Sprint(many, true) {
		t.Errorf("the fork says %v", got)
	}
	if err := doc.Merge(t.Context(), fork); err != nil {
		t.Fatal(err)
	}
	change(t, doc, set("n", 0))
	if got := read(t, doc); fmt.Sprint(got["n"], got["forked"]) != "0 true" {
		t.Errorf("merged it says %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := doc.Fork(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Fork: %v", err)
	}
	count := 0
	for range p.Documents(t.Context()) {
		count++
	}
	if count != 2 {
		t.Errorf("there are %d documents", count)
	}
}

// What can't be merged is left alone.
func TestMergeInVain(t *testing.T) {
	p, other := openPeer(t, peer.Config{InMemory: true}), openPeer(t, peer.Config{InMemory: true})
	doc, elsewhere := p.create(set("n", 1)), other.create(set("n", 2))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wanted, err := p.Find(ctx, crdt.NewDocumentID())
	if !errors.Is(err, peer.ErrNotHere) {
		t.Fatal(err)
	}
	if err := doc.Merge(t.Context(), elsewhere); err == nil {
		t.Error("merged from another peer")
	}
	if err := wanted.Merge(t.Context(), doc); !errors.Is(err, peer.ErrNotHere) {
		t.Errorf("into what isn't here: %v", err)
	}
	if err := doc.Merge(t.Context(), wanted); !errors.Is(err, peer.ErrNotHere) {
		t.Errorf("from what isn't here: %v", err)
	}
	if _, err := wanted.Fork(t.Context()); !errors.Is(err, peer.ErrNotHere) {
		t.Errorf("Fork of what isn't here: %v", err)
	}
	if s := status(t, doc); s.Changes != 1 {
		t.Errorf("it has %d changes now", s.Changes)
	}
}

// Change takes what to say about a change, and the history shows it.
func TestChangeWithAMessage(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	doc := p.create(nil)
	if err := doc.Change(t.Context(), set("n", 1), crdt.WithMessage("count")); err != nil {
		t.Fatal(err)
	}
	data, err := doc.Save(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	open, err := crdt.Load(crdt.NewActorID(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	history, err := open.Changes(nil)
	if err != nil || len(history) != 2 || history[1].Message != "count" || history[1].Time != 0 {
		t.Errorf("the history is %v (%v)", history, err)
	}
}

// What is merged into a document while that is forgotten doesn't bring it back.
func TestMergeWhileForgetting(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	for range 50 {
		doc := p.create(set("n", 1))
		fork, err := doc.Fork(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		err = doc.View(t.Context(), func(crdt.Map) error { // so that both wait for it
			both.Go(func() {
				if err := p.Forget(t.Context(), doc.ID()); err != nil {
					t.Error(err)
				}
			})
			both.Go(func() {
				if err := doc.Merge(t.Context(), fork); err != nil && !errors.Is(err, peer.ErrUnknown) {
					t.Error(err)
				}
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		both.Wait()
		if _, err := p.Document(doc.ID()); !errors.Is(err, peer.ErrUnknown) {
			t.Fatalf("forgotten, and merged into: %v", err)
		}
	}
}
