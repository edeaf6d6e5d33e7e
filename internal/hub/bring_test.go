package hub_test

import (
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/storage"
)

// bring offers changes and returns what became of them.
func (p *node) bring(id docid.ID, invalid []*change.InvalidError, changes ...*change.Change) hub.Brought {
	result := make(chan hub.Brought, 1)
	p.hub.Bring(id, changes, invalid, [16]byte{7}, func(b hub.Brought) { result <- b })
	return <-result
}

func TestBring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice").join(id(1))
		carol := replicatest.NewClient("carol")
		a, b, c := carol.Edit(), carol.Edit(), carol.Edit()
		for _, doc := range []docid.ID{id(1), id(2)} { // one that is talked about, and one that isn't
			alice.store.watch = nil
			if got := alice.bring(doc, nil, a); got.Err != nil || got.Held+len(got.Refused) > 0 || !alice.store.has(doc, a.Bytes()) {
				t.Errorf("brought the first: %+v", got)
			}
			if got := alice.bring(doc, nil, a, c); got.Held != 1 || !slices.Equal(got.Missing, []change.Hash{b.Hash}) {
				t.Errorf("brought the third: %+v", got)
			}
			if got := alice.bring(doc, nil, b, c); got.Err != nil || got.Held > 0 || !alice.store.has(doc, c.Bytes()) {
				t.Errorf("brought the second and the third: %+v", got)
			}
			twin := replicatest.NewClient("dave").Draft("carol", 2)
			bad := []*change.InvalidError{{Rule: change.RulePred, Hash: change.Hash{9}}}
			got := alice.bring(doc, bad, twin)
			if len(got.Refused) != 2 || got.Refused[0].Reason != "pred" || got.Refused[1].Reason != "twin" || got.Held != 0 {
				t.Errorf("brought what can't be taken: %+v", got)
			}
		}
		synctest.Wait()
		n.checkNodes(id(1), alice)
		if len(alice.refused[id(2)]) != 2 || len(alice.twins) != 2 || alice.length[id(2)] != 3 {
			t.Errorf("the keeper was told of %v, %v and %d changes", alice.refused[id(2)], alice.twins, alice.length[id(2)])
		}
		if stats := alice.hub.Stats(); stats.Documents != 1 {
			t.Errorf("%d documents are in the table", stats.Documents)
		}
	})
}

// picky wants documents at times.
type picky struct {
	*node
	wants atomic.Bool
}

func (p *picky) Wants(docid.ID) bool              { return p.wants.Load() }
func (*picky) Collection(docid.Tag, hub.Progress) {}
func (*picky) Acked(docid.Tag, hub.Cursor, bool)  {}
func (*picky) Taken(docid.ID)                     {}
func (*picky) Withheld(docid.ID, string)          {}
func (*picky) Ended(docid.Tag, bool, string)      {}

// What is on its way while a document is forgotten doesn't bring it back, whether it
// comes before that is done or after.
func TestBringWhatIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alice := &picky{node: newNetwork(t, hub.Config{}).node("alice")}
		alice.hub = hub.New(hub.Config{Store: alice.store, PeerID: "alice", Keeper: alice, Viewer: alice})
		alice.edit(id(1))
		made := replicatest.NewClient("carol").Edit()
		release := alice.store.hold()
		go alice.edit(id(1))
		synctest.Wait()
		purged := make(chan error, 1)
		go func() { purged <- alice.hub.Purge(t.Context(), id(1)) }()
		synctest.Wait()
		if got := alice.bring(id(1), nil, made); !errors.Is(got.Err, replica.ErrPurged) {
			t.Errorf("brought while it is being forgotten: %+v", got)
		}
		release()
		if err := <-purged; err != nil {
			t.Fatal(err)
		}
		if got := alice.bring(id(1), nil, made); !errors.Is(got.Err, replica.ErrPurged) || alice.store.has(id(1), made.Bytes()) {
			t.Errorf("brought when it is forgotten: %+v", got)
		}
		alice.wants.Store(true)
		alice.mu.Lock()
		delete(alice.length, id(1))
		alice.mu.Unlock()
		if got := alice.bring(id(1), nil, made); got.Err != nil || !alice.store.has(id(1), made.Bytes()) {
			t.Errorf("brought when it is looked for: %+v", got)
		}
	})
}

func TestBringWhatCanNotBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alice := newNetwork(t, hub.Config{}).node("alice")
		made := replicatest.NewClient("carol").Edit()
		full := errors.New("no space")
		alice.store.failOnce(full)
		if got := alice.bring(id(1), nil, made); !errors.Is(got.Err, full) {
			t.Errorf("brought: %+v", got)
		}
		if got := alice.bring(id(1), nil, made); got.Err != nil {
			t.Errorf("brought: %+v", got)
		}
		alice.store.damage(id(1), errRot)
		if got := alice.bring(id(1), nil, made); !errors.Is(got.Err, errRot) {
			t.Errorf("brought: %+v", got)
		}
		release := alice.store.hold()
		result := make(chan hub.Brought, 1)
		alice.hub.Bring(id(2), []*change.Change{made}, nil, [16]byte{7}, func(b hub.Brought) { result <- b })
		closeHeld(t, alice.hub, release)
		if got := <-result; got.Err != nil || !alice.store.has(id(2), made.Bytes()) {
			t.Errorf("brought before Close: %+v", got)
		}
		if got := alice.bring(id(3), nil, made); !errors.Is(got.Err, hub.ErrClosed) {
			t.Errorf("brought after Close: %+v", got)
		}
		if stats := alice.hub.Stats(); stats.Documents != 0 {
			t.Errorf("%d documents are in the table", stats.Documents)
		}
	})
}

// meeting is a viewer whose work on two documents ends only if it is done at once.
type meeting struct {
	*node
	underWay atomic.Int32
	met      chan struct{}
}

func (m *meeting) Viewed(docid.ID, int, []*change.Change, int) (hub.Entries, func(storage.Seq, error)) {
	if m.underWay.Add(1) == 2 {
		close(m.met)
	}
	<-m.met
	return hub.Entries{}, nil
}

// Who brings many documents has their views made side by side.
func TestViewsAreMadeSideBySide(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	synctest.Test(t, func(t *testing.T) {
		alice := &meeting{node: newNetwork(t, hub.Config{}).node("alice"), met: make(chan struct{})}
		alice.hub = hub.New(hub.Config{Store: alice.store, PeerID: "alice", Keeper: alice, Viewer: alice})
		done := make(chan hub.Brought, 2)
		for n := range 2 {
			made := replicatest.NewClient("carol").Edit()
			alice.hub.Bring(id(1+n), []*change.Change{made}, nil, [16]byte{7}, func(b hub.Brought) { done <- b })
		}
		for range 2 {
			if got := <-done; got.Err != nil {
				t.Error(got.Err)
			}
		}
	})
}
