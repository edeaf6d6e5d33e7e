package hub_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/storage"
)

var (
	firstSeed = flag.Uint64("seed", 1, "the seed of the first random test")
	seeds     = flag.Int("seeds", 20, "how many seeds to try")
)

// TestRandomJoints lets several goroutines append to a few documents together, and
// to single ones, while others bring changes, documents are forgotten and commits
// fail. At every commit a joint is there as a whole or not at all, and so are the
// views; in the end store, graphs and neighbours agree.
func TestRandomJoints(t *testing.T) {
	for seed := *firstSeed; seed < *firstSeed+uint64(*seeds); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newJoints(t, seed).run() })
		})
	}
}

const (
	jointDocuments = 4
	jointWriters   = 4
	jointTurns     = 40
)

// joints is what a random test knows.
type joints struct {
	*node
	t    *testing.T
	seed uint64
	bob  *node

	ids     []docid.ID
	all     sync.Map // of the hash of a change → the number of changes made together with it
	written sync.Map // hashes of those that are durable, or were

	outcomes sync.Mutex
	durable  int
	failed   int
}

func newJoints(t *testing.T, seed uint64) *joints {
	n := newNetwork(t, hub.Config{})
	j := &joints{t: t, seed: seed, node: n.node("alice"), bob: n.node("bob")}
	for i := range jointDocuments {
		j.ids = append(j.ids, id(i+1))
	}
	j.store.watch, j.store.purged = j.check, j.forgotten
	j.join(j.ids...)
	j.bob.join(j.ids...)
	return j
}

func (j *joints) run() {
	var working sync.WaitGroup
	for w := range jointWriters {
		rng := rand.New(rand.NewPCG(j.seed, uint64(w)))
		working.Go(func() {
			for turn := range jointTurns {
				j.write(rng, fmt.Sprintf("writer %d-%d", w, turn))
			}
		})
	}
	rng := rand.New(rand.NewPCG(j.seed, jointWriters))
	working.Go(func() {
		for turn := range jointTurns {
			j.disturb(rng, turn)
		}
	})
	working.Wait()
	j.store.fail(nil)
	j.settle()
	if j.durable == 0 {
		j.t.Errorf("seed %d: nothing was appended, %d times", j.seed, j.failed)
	}
}

// check looks at a commit: the store is locked.
func (j *joints) check(b *storage.Batch) {
	together := map[int]int{}
	for _, a := range b.Appends {
		if a.Origin != (storage.Incarnation{}) {
			continue // what was forgotten may come back, document by document
		}
		for _, c := range a.Changes {
			if size, ok := j.all.Load(c.Hash); ok {
				j.written.Store(c.Hash, nil)
				together[size.(int)]++
			}
		}
	}
	for size, n := range together { // no commit holds two joints
		if n != size {
			j.t.Errorf("seed %d: %d of %d changes are durable", j.seed, n, size)
		}
	}
	for _, a := range b.Appends {
		shown, err := strconv.Atoi(j.store.entries["view/"+a.Document.String()])
		if length := j.store.length(a.Document); err != nil || shown != length {
			j.t.Errorf("seed %d: the view shows %d of %d changes: %v", j.seed, shown, length, err)
		}
	}
}

// forgotten follows a purge.
func (j *joints) forgotten(id docid.ID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.docs, id)
	delete(j.length, id)
	delete(j.shared, id)
}

// write makes changes in some documents.
func (j *joints) write(rng *rand.Rand, actor string) {
	order := rng.Perm(len(j.ids))[:1+rng.IntN(len(j.ids))]
	var own []hub.Own
	for _, i := range order {
		own = append(own, j.share(actor, j.ids[i])...)
	}
	for _, o := range own {
		j.all.Store(o.Changes[0].Hash, len(own))
	}
	if rng.IntN(6) == 0 { // one that can't be taken
		stranger := replicatest.NewClient(actor)
		o := &own[rng.IntN(len(own))]
		o.Changes = append(o.Changes, stranger.Draft(actor+"'s orphan", 1, change.Hash{1}))
	}
	ctx, cancel := j.t.Context(), func() {}
	if rng.IntN(8) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rng.IntN(3))*time.Millisecond)
	}
	defer cancel()
	err := j.hub.AppendAll(ctx, own)
	j.outcomes.Lock()
	defer j.outcomes.Unlock()
	_, isWritten := j.written.Load(own[0].Changes[0].Hash)
	if err == nil {
		j.durable++
		if !isWritten {
			j.t.Errorf("seed %d: %s's is acknowledged, and not durable", j.seed, actor)
		}
		return
	}
	j.failed++
	if errors.Is(err, hub.ErrRefused) && isWritten {
		j.t.Errorf("seed %d: %s's is refused, and durable", j.seed, actor)
	}
}

// disturb lets something else happen.
func (j *joints) disturb(rng *rand.Rand, turn int) {
	id := j.ids[rng.IntN(len(j.ids))]
	switch rng.IntN(7) {
	case 0, 1:
		j.bob.edit(id)
	case 2:
		carol := replicatest.NewClient(fmt.Sprint("carol ", turn))
		made := carol.Edit()
		if got := j.bring(id, nil, made, carol.Edit()); got.Err == nil && got.Held+len(got.Refused) > 0 {
			j.t.Errorf("seed %d: brought: %+v", j.seed, got)
		}
	case 3:
		if err := j.hub.Purge(j.t.Context(), id); err != nil && !errors.Is(err, errFlaky) && !errors.Is(err, storage.ErrDiskFull) {
			j.t.Errorf("seed %d: %v", j.seed, err)
		}
		j.link.Engage(id, nil)
	case 4:
		j.store.failOnce([]error{errFlaky, storage.ErrDiskFull}[rng.IntN(2)])
	case 5:
		release := j.store.hold()
		time.Sleep(time.Millisecond)
		release()
	case 6:
		j.hub.Sweep()
	}
	time.Sleep(time.Duration(rng.IntN(2000)) * time.Microsecond)
	if j.seen.disconnected.Load() == j.seen.connected.Load() {
		j.gone()
		j.join(j.ids...)
	}
}

var errFlaky = errors.New("the disk is loose")

// settle lets all meet again, and compares them.
func (j *joints) settle() {
	synctest.Wait()
	j.leave()
	j.mu.Lock()
	clear(j.shared) // what was shared before a purge is not
	j.mu.Unlock()
	j.join(j.ids...)
	j.bob.leave()
	j.bob.join(j.ids...)
	synctest.Wait()
	for _, id := range j.ids {
		if len(j.n.store.heads(id)) == 0 && len(j.store.heads(id)) == 0 {
			continue
		}
		j.n.checkNodes(id, j.node, j.bob)
		j.checkGraph(id)
	}
}

// checkGraph checks that the graph numbers the changes as the store does.
func (j *joints) checkGraph(id docid.ID) {
	g := j.hub.Holds(id)
	if g == nil {
		return
	}
	i := 0
	for chunk, err := range j.store.Changes(j.t.Context(), id, 0) {
		if err != nil {
			j.t.Fatal(err)
		}
		c, err := change.Parse(chunk)
		if err != nil || g.Len() <= i || g.Hash(i) != c.Hash {
			j.t.Fatalf("seed %d: change %d of %s is another in the graph: %v", j.seed, i, id, err)
		}
		i++
	}
	if g.Len() != i || g.Staged() != 0 {
		j.t.Errorf("seed %d: the graph of %s has %d changes and %d staged, the store %d", j.seed, id, g.Len(), g.Staged(), i)
	}
}
