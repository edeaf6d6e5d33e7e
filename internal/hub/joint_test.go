package hub_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/storage"
)

// draft makes a change of somebody new on top of what the application has.
func (p *node) draft(actor string, id docid.ID) *change.Change {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.doc(id).Draft(actor, 1, p.doc(id).Heads()...)
}

// share returns a change for each of some documents.
func (p *node) share(actor string, ids ...docid.ID) (own []hub.Own) {
	for _, id := range ids {
		own = append(own, hub.Own{Document: id, Changes: []*change.Change{p.draft(actor, id)}})
	}
	return own
}

// keeps returns of how many documents a joint's changes are durable.
func (m *memory) keeps(own []hub.Own) (n int) {
	for _, o := range own {
		if m.has(o.Document, o.Changes[0].Bytes()) {
			n++
		}
	}
	return n
}

func TestAppendAllIsOneCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice")
		alice.edit(id(2))
		alice.join(id(1), id(2), id(3))
		synctest.Wait()
		commits := 0
		alice.store.watch = func(*storage.Batch) { commits++ }
		own := alice.share("a tab", id(3), id(1), id(2))
		if err := alice.hub.AppendAll(t.Context(), own); err != nil {
			t.Fatal(err)
		}
		if commits != 1 || alice.store.keeps(own) != 3 {
			t.Errorf("%d documents are durable after %d commits", alice.store.keeps(own), commits)
		}
		synctest.Wait()
		n.checkNodes(id(1), alice)
		n.checkNodes(id(2), alice)
		n.checkNodes(id(3), alice)
		if got := alice.store.entry("view/" + id(2).String()); got != "2" {
			t.Errorf("the view shows %s changes", got)
		}
		for _, own := range [][]hub.Own{nil, own} {
			if err := alice.hub.AppendAll(t.Context(), own); err != nil || commits != 1 {
				t.Errorf("nothing to do: %v, %d commits", err, commits)
			}
		}
	})
}

// TestAppendAllOfMany: documents of which some are here, and some are not.
func TestAppendAllOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice")
		ids := make([]docid.ID, 100)
		for i := range ids {
			if ids[i] = id(i + 1); i%3 == 0 {
				alice.edit(ids[i])
			}
		}
		alice.join(ids...)
		synctest.Wait()
		commits := 0
		alice.store.watch = func(*storage.Batch) { commits++ }
		own := alice.share("a tab", ids...)
		if err := alice.hub.AppendAll(t.Context(), own); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if commits != 1 || alice.store.keeps(own) != len(ids) {
			t.Errorf("%d documents are durable after %d commits", alice.store.keeps(own), commits)
		}
		for i, doc := range ids {
			n.checkNodes(doc, alice)
			want := "1"
			if i%3 == 0 {
				want = "2"
			}
			if got := alice.store.entry("view/" + doc.String()); got != want {
				t.Errorf("the view of document %d shows %s changes, not %s", i, got, want)
			}
		}
	})
}

// TestAppendAllOrNone: if one document refuses, nothing is written in the others,
// and what a neighbour brings to those meanwhile is taken.
func TestAppendAllOrNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, bob := n.node("alice").join(id(1), id(3)), n.node("bob").join(id(1), id(3))
		bob.edit(id(1))
		synctest.Wait()
		release := alice.store.hold()
		bob.edit(id(3)) // is being stored at alice's, so that a joint has to wait there
		synctest.Wait()
		own := alice.share("a tab", id(1), id(2), id(3))
		stranger := replicatest.NewClient("stranger")
		own[2].Changes = append(own[2].Changes, stranger.Draft("a tab", 2, change.Hash{7}))
		result := make(chan error)
		go func() { result <- alice.hub.AppendAll(t.Context(), own) }()
		synctest.Wait()
		bob.edit(id(1)) // arrives where the joint is staged
		synctest.Wait()
		release()
		if err := <-result; !errors.Is(err, hub.ErrRefused) {
			t.Errorf("appended: %v", err)
		}
		synctest.Wait()
		if n := alice.store.keeps(own); n != 0 {
			t.Errorf("%d documents are durable", n)
		}
		n.checkNodes(id(1), alice, bob)
		n.checkNodes(id(3), alice, bob)
		if open := alice.seen.disconnected.Load(); open != 0 {
			t.Errorf("%d connections have ended", open)
		}
		if stats := alice.hub.Stats(); stats.Documents != 2 {
			t.Errorf("%d documents are in the table", stats.Documents)
		}
	})
}

// TestAppendAllFails: what the store hasn't tried to write doesn't end connections;
// what it may have written does, as ever.
func TestAppendAllFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, bob := n.node("alice").join(id(1)), n.node("bob").join(id(1))
		alice.edit(id(1))
		synctest.Wait()
		for _, cause := range []error{storage.ErrDiskFull, storage.ErrInvalid, errors.New("the disk is gone")} {
			release := alice.store.hold()
			result := make(chan error)
			own := alice.share(fmt.Sprint("a tab for ", cause), id(1), id(2))
			go func() { result <- alice.hub.AppendAll(t.Context(), own) }()
			synctest.Wait()
			bob.edit(id(1))
			synctest.Wait()
			alice.store.failOnce(cause)
			release()
			if err := <-result; !errors.Is(err, cause) {
				t.Errorf("appended: %v", err)
			}
			if alice.store.keeps(own) != 0 {
				t.Error("something is durable")
			}
			synctest.Wait()
			if errors.Is(cause, storage.ErrDiskFull) || errors.Is(cause, storage.ErrInvalid) {
				n.checkNodes(id(1), alice, bob)
			}
		}
		alice.gone()
		alice.join(id(1))
		synctest.Wait()
		n.checkNodes(id(1), alice, bob)
	})
}

func TestAppendAllOfTooMany(t *testing.T) {
	n := newNetwork(t, hub.Config{})
	alice := n.node("alice")
	var own []hub.Own
	for i := range storage.MaxAppends + 1 {
		own = append(own, alice.share("a tab", id(i+1))...)
	}
	if err := alice.hub.AppendAll(t.Context(), own); !errors.Is(err, storage.ErrInvalid) {
		t.Errorf("appended: %v", err)
	}
	if err := alice.hub.AppendAll(t.Context(), own[1:]); err != nil {
		t.Error(err)
	}
}

// TestAppendAllTakenBack: while it waits its context may end, and then nothing is
// written. Once all are ready it goes on, and Close waits for it.
func TestAppendAllTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice")
		release := alice.store.hold()
		go alice.edit(id(2))
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error)
		own := alice.share("a tab", id(1), id(2), id(3))
		go func() { result <- alice.hub.AppendAll(ctx, own) }()
		synctest.Wait()
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("appended: %v", err)
		}
		release()
		synctest.Wait()
		if kept := alice.store.keeps(own); kept != 0 {
			t.Errorf("%d documents are durable", kept)
		}

		release = alice.store.hold()
		ctx, cancel = context.WithCancel(t.Context())
		own = alice.share("another tab", id(1), id(2), id(3))
		go func() { result <- alice.hub.AppendAll(ctx, own) }()
		synctest.Wait()
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("appended: %v", err)
		}
		closeHeld(t, alice.hub, release)
		if kept := alice.store.keeps(own); kept != 3 {
			t.Errorf("%d documents are durable", kept)
		}
		if err := alice.hub.AppendAll(t.Context(), own); !errors.Is(err, hub.ErrClosed) {
			t.Errorf("appended after Close: %v", err)
		}
	})
}

// TestAppendAllAndPurge: what is forgotten is forgotten after what was made before.
func TestAppendAllAndPurge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice")
		alice.edit(id(2))
		release := alice.store.hold()
		result, purged := make(chan error), make(chan error)
		own := alice.share("a tab", id(1), id(2))
		go func() { result <- alice.hub.AppendAll(t.Context(), own) }()
		synctest.Wait()
		go func() { purged <- alice.hub.Purge(t.Context(), id(2)) }()
		synctest.Wait()
		alice.mu.Lock()
		delete(alice.docs, id(2))
		alice.mu.Unlock()
		late := alice.share("another tab", id(1), id(2))
		go func() { result <- alice.hub.AppendAll(t.Context(), late) }()
		synctest.Wait()
		alice.store.purged = func(docid.ID) { alice.length[id(2)] = 0 }
		release()
		if err := errors.Join(<-result, <-purged, <-result); err != nil {
			t.Error(err)
		}
		if alice.store.keeps(own) != 1 || alice.store.keeps(late) != 2 {
			t.Errorf("of the former %d documents are durable, of the latter %d", alice.store.keeps(own), alice.store.keeps(late))
		}
	})
}
