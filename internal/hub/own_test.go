package hub_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
)

func TestOwnChangesAreHeardOfWhenTheyAreDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice").join(id(1))
		synctest.Wait()
		release := alice.store.hold()
		done := make(chan struct{})
		go func() {
			defer close(done)
			alice.edit(id(1))
		}()
		synctest.Wait()
		select {
		case <-done:
			t.Error("acknowledged before it was durable")
		default:
		}
		if alice.length[id(1)] != 0 || len(n.store.heads(id(1))) != 0 {
			t.Error("somebody has heard of it")
		}
		release()
		<-done
		if alice.length[id(1)] != 1 {
			t.Error("the keeper hasn't heard of it when it is acknowledged")
		}
		synctest.Wait()
		n.checkNodes(id(1), alice)
	})
}

func TestStoreFailsAtHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice").join(id(1))
		alice.edit(id(1))
		synctest.Wait()
		full := errors.New("no space")
		alice.store.fail(full)
		draft := alice.doc(id(1)).Draft("alice", 2, alice.doc(id(1)).Heads()...)
		if err := alice.hub.Append(t.Context(), id(1), draft); !errors.Is(err, full) {
			t.Errorf("appended: %v", err)
		}
		synctest.Wait()
		if failed := alice.failed[id(1)]; len(failed) != 1 || !errors.Is(failed[0], full) {
			t.Errorf("the keeper was told of %v", failed)
		}
		alice.store.fail(nil)
		alice.edit(id(1))
		synctest.Wait()
		n.checkNodes(id(1), alice)
	})
}

func TestAppendOfWhatBreaksARule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice")
		alice.edit(id(1))
		stranger := replicatest.NewClient("stranger")
		for name, made := range map[string]*change.Change{
			"a twin":          stranger.Draft("alice", 1),
			"upon what isn't": stranger.Draft("alice", 2, change.Hash{1}),
			"a gap":           stranger.Draft("alice", 3),
		} {
			if err := alice.hub.Append(t.Context(), id(1), made); !errors.Is(err, hub.ErrRefused) {
				t.Errorf("%s: %v", name, err)
			}
		}
		alice.edit(id(1))
		if len(alice.refused[id(1)]) != 0 {
			t.Error("the keeper was told of what the caller was")
		}
	})
}

func TestAppendDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice")
		release := alice.store.hold()
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		made := alice.doc(id(1)).Edit()
		go func() { failed <- alice.hub.Append(ctx, id(1), made) }()
		synctest.Wait()
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("appended: %v", err)
		}
		closeHeld(t, alice.hub, release)
		if !alice.store.has(id(1), made.Bytes()) {
			t.Error("it was not appended")
		}
		if err := alice.hub.Append(t.Context(), id(1), made); !errors.Is(err, hub.ErrClosed) {
			t.Errorf("appended after Close: %v", err)
		}
	})
}

// TestManyWriters: appends to one document from many goroutines, beside what
// comes from a server, on real sockets.
func TestManyWriters(t *testing.T) {
	n := newLoopback(t, hub.Config{})
	alice := n.node("alice").join(id(1))
	bob := n.node("bob").join(id(1))
	const writers, each = 8, 50
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			own := replicatest.NewClient(fmt.Sprint("writer ", w))
			for range each {
				if err := alice.hub.Append(t.Context(), id(1), own.Edit()); err != nil {
					t.Error(err)
				}
				bob.edit(id(2 + w))
			}
		})
	}
	for range each {
		bob.edit(id(1))
	}
	writing.Wait()
	const all = writers*each + each
	alice.await(func() bool { return alice.length[id(1)] == all })
	bob.await(func() bool { return bob.length[id(1)] == all && bob.standing[id(1)].Synced })
	if !slices.Equal(alice.store.heads(id(1)), bob.store.heads(id(1))) {
		t.Error("they differ")
	}
}

func TestPurge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, bob := n.node("alice"), n.node("bob")
		alice.edit(id(1))
		alice.edit(id(2))
		alice.join(id(1), id(2))
		bob.join(id(1))
		synctest.Wait()
		release := alice.store.hold()
		go alice.edit(id(1))
		synctest.Wait()
		purged := make(chan error)
		go func() { purged <- alice.hub.Purge(t.Context(), id(1)) }()
		synctest.Wait()
		select {
		case err := <-purged:
			t.Fatalf("purged while a change was being appended: %v", err)
		default:
		}
		release()
		if err := <-purged; err != nil {
			t.Fatal(err)
		}
		alice.mu.Lock()
		delete(alice.docs, id(1))
		delete(alice.length, id(1))
		alice.closedDoor[id(1)] = true
		alice.mu.Unlock()
		bob.edit(id(1))
		bob.edit(id(2))
		bob.engage(id(2))
		synctest.Wait()
		if heads := alice.store.heads(id(1)); len(heads) != 0 {
			t.Error("it has come back")
		}
		if _, engaged := alice.hub.Standing(id(1)); engaged {
			t.Error("it is still talked about")
		}
		n.checkNodes(id(2), alice, bob)
		if stats := alice.hub.Stats(); stats.Documents != 1 {
			t.Errorf("%d documents are in the table", stats.Documents)
		}
		failed := errors.New("no space")
		alice.store.fail(failed)
		if err := alice.hub.Purge(t.Context(), id(2)); !errors.Is(err, failed) {
			t.Errorf("purged: %v", err)
		}
	})
}

// TestForgottenBeforeTheAnswer: what a server sends about a document that has been
// let go of is dropped. Over the same connection it is sent again to whoever looks
// for it again, or could not forget it.
func TestForgottenBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, bob := n.node("alice").join(id(1)), n.node("bob")
		bob.join(id(1))
		full := errors.New("no space")
		for _, failure := range []error{nil, full} {
			synctest.Wait()
			release := n.store.hold() // before anybody else hears of it
			alice.edit(id(1))
			synctest.Wait()
			before := bob.store.heads(id(1))
			bob.admit(id(1), false)
			bob.store.fail(failure)
			if err := bob.hub.Purge(t.Context(), id(1)); !errors.Is(err, failure) {
				t.Fatal(err)
			}
			bob.store.fail(nil)
			release()
			synctest.Wait()
			if !slices.Equal(bob.store.heads(id(1)), before) {
				t.Fatal("what came was taken in")
			}
			bob.admit(id(1), true)
			bob.engage(id(1))
			synctest.Wait()
			n.checkNodes(id(1), alice, bob)
		}
	})
}
