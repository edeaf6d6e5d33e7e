package peer_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// Three peers do anything in any order, while their relay comes and goes. What
// they acknowledge is never lost, and in the end all agree and know it.
//
// GODWIT_PEER_RANDOM_SEED repeats a run, GODWIT_PEER_RANDOM_STEPS makes it
// longer.
func TestAnyOrder(t *testing.T) {
	seeds := []uint64{rand.Uint64(), rand.Uint64(), rand.Uint64()}
	if text, given := os.LookupEnv("GODWIT_PEER_RANDOM_SEED"); given {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newRandomWorld(t, seed)
			for range number(t, "GODWIT_PEER_RANDOM_STEPS", 150) {
				w.step()
			}
			w.settle()
		})
	}
}

// randomWorld is three peers, and what is known to be in their documents.
type randomWorld struct {
	t      *testing.T
	random *rand.Rand
	relay  *server
	up     bool
	peers  []*randomPeer
	ids    []crdt.DocumentID
	// wrote holds, by document, the keys that nobody can have forgotten: those
	// which were written where the document was never forgotten before it was
	// synced.
	wrote map[crdt.DocumentID]map[string]bool
}

type randomPeer struct {
	*node
	dir    string
	linked bool
	has    map[crdt.DocumentID]bool
	// owes holds keys that were written here, by document, since it was last
	// known to be synced.
	owes map[crdt.DocumentID][]string
}

func newRandomWorld(t *testing.T, seed uint64) *randomWorld {
	w := &randomWorld{
		t: t, random: rand.New(rand.NewPCG(seed, 1)), relay: startRelay(t), up: true,
		wrote: map[crdt.DocumentID]map[string]bool{},
	}
	for range 3 {
		p := &randomPeer{dir: t.TempDir(), has: map[crdt.DocumentID]bool{}, owes: map[crdt.DocumentID][]string{}}
		w.open(p)
		w.peers = append(w.peers, p)
	}
	return w
}

// open opens a peer with one of several budgets.
func (w *randomWorld) open(p *randomPeer) {
	budget := []int64{1, 100 << 10, 0}[w.random.IntN(3)]
	p.node = openPeer(w.t, peer.Config{Path: p.dir, Relay: w.relay.url(), OpenBytes: budget})
	p.linked = false
}

func (w *randomWorld) step() {
	p := w.peers[w.random.IntN(len(w.peers))]
	switch what := w.random.IntN(100); {
	case what < 50:
		w.write(p)
	case what < 60:
		w.make(p)
	case what < 72:
		w.find(p)
	case what < 76:
		w.forget(p)
	case what < 88:
		w.toggleLink(p)
	case what < 92:
		p.close()
		w.open(p)
	case what < 96:
		w.toggleRelay()
	default:
		w.catchUp(p)
	}
}

// anyOf returns one of the documents that a peer has.
func (w *randomWorld) anyOf(p *randomPeer) (*peer.Document, bool) {
	var ids []crdt.DocumentID
	for _, id := range w.ids {
		if p.has[id] {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, false
	}
	doc, err := p.Document(ids[w.random.IntN(len(ids))])
	if err != nil {
		w.t.Fatal(err)
	}
	return doc, true
}

func (w *randomWorld) make(p *randomPeer) {
	if len(w.ids) >= 8 {
		return
	}
	doc := p.create(set("count", crdt.Counter(0), "text", ""))
	w.ids = append(w.ids, doc.ID())
	p.has[doc.ID()], w.wrote[doc.ID()] = true, map[string]bool{}
	p.owes[doc.ID()] = append(p.owes[doc.ID()], "count")
}

// write changes a document, as it is or as it was, if it is here.
func (w *randomWorld) write(p *randomPeer) {
	doc, ok := w.anyOf(p)
	if !ok {
		return
	}
	key := fmt.Sprintf("k%d", w.random.IntN(1e9))
	edit := func(root crdt.Map) error {
		return errors.Join(root.Set(key, w.random.IntN(100)), root.Increment("count", 1), root.Get("text").Text().Append("."))
	}
	var err error
	if before := heads(w.t, doc); w.random.IntN(4) == 0 && len(before) > 0 {
		err = doc.ChangeAt(w.t.Context(), before, edit)
	} else {
		err = doc.Change(w.t.Context(), edit)
	}
	switch {
	case errors.Is(err, peer.ErrNotHere), errors.Is(err, peer.ErrUnavailable):
	case err != nil:
		w.t.Fatal(err)
	default:
		if read(w.t, doc)[key] == nil {
			w.t.Fatalf("%s was written to %s, and is not in it", key, doc.ID())
		}
		p.owes[doc.ID()] = append(p.owes[doc.ID()], key)
	}
}

func (w *randomWorld) find(p *randomPeer) {
	if len(w.ids) == 0 {
		return
	}
	id := w.ids[w.random.IntN(len(w.ids))]
	_, err := p.Find(cancelled(w.t), id)
	if err != nil && !errors.Is(err, peer.ErrNotHere) && !errors.Is(err, peer.ErrUnavailable) {
		w.t.Fatal(err)
	}
	p.has[id] = true
}

// forget drops a document, and with it what the relay isn't known to have.
func (w *randomWorld) forget(p *randomPeer) {
	doc, ok := w.anyOf(p)
	if !ok || len(p.owes[doc.ID()]) > 0 && slices.Contains(p.owes[doc.ID()], "count") {
		return // nobody else may have it
	}
	w.collect(p, doc)
	if err := p.Forget(w.t.Context(), doc.ID()); err != nil {
		w.t.Fatal(err)
	}
	delete(p.has, doc.ID())
	delete(p.owes, doc.ID())
}

// collect moves what the relay has to what nobody can lose.
func (w *randomWorld) collect(p *randomPeer, doc *peer.Document) {
	if s, err := doc.Status(); err != nil || s.State != peer.Synced {
		return
	}
	for _, key := range p.owes[doc.ID()] {
		w.wrote[doc.ID()][key] = true
	}
	delete(p.owes, doc.ID())
}

func (w *randomWorld) toggleLink(p *randomPeer) {
	switch {
	case p.linked:
		p.offline()
	case w.up && w.random.IntN(2) == 0:
		p.online()
	default:
		p.run()
	}
	p.linked = !p.linked
}

func (w *randomWorld) toggleRelay() {
	if w.up {
		w.relay.stop()
	} else {
		w.relay.start()
	}
	w.up = !w.up
}

// catchUp waits until a peer has done all it can.
func (w *randomWorld) catchUp(p *randomPeer) {
	if !w.up || !p.linked {
		return
	}
	p.sync()
	for id := range p.has {
		if doc, err := p.Document(id); err == nil {
			w.collect(p, doc)
		}
	}
}

// settle lets everybody meet, and finds that they agree.
func (w *randomWorld) settle() {
	if !w.up {
		w.toggleRelay()
	}
	for _, p := range w.peers {
		if !p.linked {
			w.toggleLink(p)
		}
	}
	for _, id := range w.ids {
		w.settleDocument(id)
	}
	for _, p := range w.peers {
		p.sync()
		p.until("all is done", func(s peer.LinkState) bool {
			return s.Phase == peer.Online && s.Documents == len(w.ids) && s.Settled == len(w.ids)
		})
	}
}

func (w *randomWorld) settleDocument(id crdt.DocumentID) {
	w.t.Helper()
	var docs []*peer.Document
	for _, p := range w.peers {
		docs = append(docs, p.find(id))
	}
	content := agree(w.t, docs...)
	for n, p := range w.peers {
		reaches(w.t, docs[n], peer.Synced)
		for _, key := range p.owes[id] {
			w.wrote[id][key] = true
		}
	}
	for key := range w.wrote[id] {
		if content[key] == nil {
			w.t.Errorf("%s: %s is lost", id, key)
		}
	}
	noTwins(w.t, docs...)
}
