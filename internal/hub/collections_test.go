package hub_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/internal/wire"
)

const staff = "acme/staff"

func sameDocuments(t *testing.T, collection string, a, b *station) {
	t.Helper()
	ours, theirs := a.documents(collection), b.documents(collection)
	if !maps.EqualFunc(ours, theirs, slices.Equal[[]change.Hash]) {
		t.Errorf("%s has %d documents, %s %d, or other heads", a.name, len(ours), b.name, len(theirs))
	}
}

// TestCollectionTravels: what one peer has comes to the other, through the relay,
// and what is edited later comes at once.
func TestCollectionTravels(t *testing.T) {
	relay := newStation(t, "relay", "").serve()
	alice, bob := newStation(t, "alice", ""), newStation(t, "bob", "")
	alice.fill(staff, 0, 1000, 100)
	bob.fill(staff, 1000, 1100, 100)
	alice.join(relay.url, staff)
	bob.join(relay.url, staff)
	alice.caughtUp(staff)
	bob.caughtUp(staff)
	for range 20 {
		made := alice.edit(record(staff, 5000))
		bob.has(record(staff, 5000), made.Hash)
	}
	relay.await("all", func() bool { return len(relay.documents(staff)) == 1101 })
	alice.await("all", func() bool { return len(alice.documents(staff)) == 1101 })
	bob.await("all", func() bool { return len(bob.documents(staff)) == 1101 })
	sameDocuments(t, staff, alice, bob)
	if stats := relay.hub.Stats(); stats.Documents > 10 {
		t.Errorf("the relay has %d documents open", stats.Documents)
	}
}

// TestCollectionReconnects: what is new travels, and little else.
func TestCollectionReconnects(t *testing.T) {
	const many, limit = 10_000, 16 << 10
	relay, peer := newStation(t, "relay", "").serve(), newStation(t, "peer", "")
	relay.fill(staff, 0, many, 200)
	tap := newWireTap(t, relay.url)
	peer.join(tap.url, staff)
	peer.caughtUp(staff)
	peer.leave()
	writer := newStation(t, "writer", "")
	writer.join(relay.url, staff)
	for n := range 10 {
		writer.edit(record(staff, many+n))
	}
	writer.caughtUp(staff)
	before := tap.bytes.Load()
	peer.join(tap.url, staff)
	peer.caughtUp(staff)
	sameDocuments(t, staff, relay, peer)
	size := tap.bytes.Load() - before
	if size > limit {
		t.Errorf("ten changes among %d documents took %d bytes, at most %d", many, size, limit)
	}
	t.Logf("%d bytes", size)
}

// TestCollectionDiverged: the same documents were edited on both sides.
func TestCollectionDiverged(t *testing.T) {
	relay, alice, bob := newStation(t, "relay", "").serve(), newStation(t, "alice", ""), newStation(t, "bob", "")
	const documents, long = 20, 700
	for _, s := range []*station{alice, bob} {
		for n := range documents {
			var changes []*change.Change
			author := replicatest.NewClient(s.name)
			for range 1 + n*long/documents {
				changes = append(changes, author.Edit())
			}
			if err := s.hub.Append(context.Background(), record(staff, n), changes...); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 3 { // the first pushes, the second listens
		for _, s := range []*station{alice, bob} {
			s.join(relay.url, staff)
			s.caughtUp(staff)
			s.leave()
		}
	}
	if len(alice.refused)+len(bob.refused) > 0 {
		t.Errorf("refused: %v, %v", alice.refused, bob.refused)
	}
	sameDocuments(t, staff, alice, bob)
	sameDocuments(t, staff, alice, relay)
	if heads := relay.heads(record(staff, 1)); len(heads) != 2 {
		t.Errorf("%d heads of a document that two have edited", len(heads))
	}
}

// TestCollectionWantedAtOnce: a document is announced as soon as a change of it is
// durable. Whoever wants that one then is brought it, although the relay has not
// taken it into the graph yet.
func TestCollectionWantedAtOnce(t *testing.T) {
	relay, alice, bob := newStation(t, "relay", "").serve(), newStation(t, "alice", ""), newStation(t, "bob", "")
	id := record(staff, 0)
	known := alice.edit(id)
	alice.join(relay.url, staff)
	alice.caughtUp(staff)
	if err := bob.hub.Append(context.Background(), id, known); err != nil {
		t.Fatal(err)
	}
	durable, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	relay.watch = func(docid.ID) { close(durable); <-release }
	made := alice.edit(id)
	<-durable
	bob.join(relay.url, staff)
	bob.ends(staff)
	if got := bob.heads(id); !slices.Equal(got, []change.Hash{made.Hash}) {
		t.Errorf("when all is there, its heads are %v", got)
	}
}

// TestCollectionPlaceOfFormerVersions: places that were written before they said what
// is unread count on.
func TestCollectionPlaceOfFormerVersions(t *testing.T) {
	s := newStation(t, "peer", "")
	life, tag, server := s.store.Incarnation(), docid.CollectionTag(staff), [16]byte{7}
	key := append(append([]byte("sync1/acked/"), server[:]...), tag[:]...)
	document := record(staff, 1)
	for _, want := range []hub.Cursor{{Sequence: 300}, {Sequence: 300, After: document}} {
		row := append(append([]byte{1}, life[:]...), 0xac, 0x02)
		if want.After == document {
			row = append(row, document[:]...)
		}
		if err := s.hub.Note(key, row); err != nil {
			t.Fatal(err)
		}
		if got, _, err := s.hub.Acked(server, tag); err != nil || got == nil || *got != want {
			t.Errorf("%+v was read as %+v, %v", want, got, err)
		}
	}
}

// TestCollectionName: the first name that was offered owns its tag.
func TestCollectionName(t *testing.T) {
	relay, peer := newStation(t, "relay", "").serve(), newStation(t, "peer", "")
	tag := docid.CollectionTag(staff)
	if err := relay.hub.Note(append([]byte("sync1/tag/"), tag[:]...), []byte("another")); err != nil {
		t.Fatal(err)
	}
	peer.join(relay.url, staff)
	peer.await("declined", func() bool { return slices.Equal(peer.over, []string{"taken", "taken"}) })
}

// rows returns the names that own tags at a relay.
func (s *station) rows() (owners []string) {
	s.t.Helper()
	for entry, err := range s.store.Scan(context.Background(), []byte("sync1/tag/")) {
		if err != nil {
			s.t.Fatal(err)
		}
		owners = append(owners, string(entry.Value))
	}
	return owners
}

// TestCollectionNameIsOwnedWithADocument: names cost a relay nothing durable until
// there is a document, whoever offers how many.
func TestCollectionNameIsOwnedWithADocument(t *testing.T) {
	relay, peer := newStation(t, "relay", "").serve(), newStation(t, "peer", "")
	x := relay.stranger(t, "stranger")
	const many = 2000 // beyond what may be open at once
	for n := range uint64(many) {
		x.say(wire.Offer{Subscription: n + 1, Collection: fmt.Sprint("name ", n)})
		if _, ok := x.hear().(wire.Subscribe); !ok {
			t.Fatal("no subscription")
		}
		x.say(wire.Unsubscribe{Subscription: n + 1})
	}
	peer.join(relay.url, staff)
	peer.caughtUp(staff)
	if owners := relay.rows(); len(owners) > 0 {
		t.Errorf("%d names are owned, without documents", len(owners))
	}
	made := peer.edit(record(staff, 1))
	relay.has(record(staff, 1), made.Hash)
	if owners := relay.rows(); !slices.Equal(owners, []string{staff}) {
		t.Errorf("the owners are %q", owners)
	}
	peer.leave()
	x.conn.Abort()
	relay.served.Wait()
	if n := relay.hub.Claims(); n > 0 {
		t.Errorf("%d claims outlive their connections", n)
	}
}

// TestCollectionNameClaimed: a tag is a name's as long as it is subscribed to, and
// for good when a document has come meanwhile.
func TestCollectionNameClaimed(t *testing.T) {
	dir := t.TempDir()
	relay := newStation(t, "relay", dir)
	tag, _ := record(staff, 1).Tag()
	claim := func(name string, want bool) {
		t.Helper()
		if ok, err := relay.hub.Claim(tag, name); err != nil || ok != want {
			t.Fatalf("%s: %t, %v", name, ok, err)
		}
	}
	claim("a", true)
	claim("b", false)
	claim("a", true)
	relay.hub.Unclaim(tag)
	claim("b", false)
	relay.hub.Unclaim(tag)
	claim("b", true)
	relay.edit(record(staff, 1))
	relay.hub.Unclaim(tag)
	claim("a", false)
	relay.close()
	relay = newStation(t, "relay", dir)
	claim("a", false)
	claim("b", true)
}

// TestCollectionCut: the connection is cut at any byte, again and again, while both
// sides edit; nothing is lost, and it is at peace in the end.
func TestCollectionCut(t *testing.T) {
	rounds := 40
	if testing.Short() {
		rounds = 10
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	relay, peer := newStation(t, "relay", "").serve(), newStation(t, "peer", "")
	local := newStation(t, "local", "")
	tap := newWireTap(t, relay.url)
	local.join(relay.url, staff)
	local.fill(staff, 0, 600, 500)
	peer.fill(staff, 600, 1200, 500)
	for range rounds {
		tap.left.Store(int64(rng.IntN(60_000)))
		if peer.tryJoin(tap.url, staff) != nil {
			continue
		}
		for range rng.IntN(10) {
			peer.edit(record(staff, 2000+rng.IntN(30)))
			local.edit(record(staff, 2000+rng.IntN(30)))
		}
		if rng.IntN(2) == 0 {
			tap.sever() // or it is cut when as much has come through
		}
		peer.ends(staff)
		peer.leave()
	}
	tap.left.Store(-1)
	peer.join(tap.url, staff)
	peer.caughtUp(staff)
	local.caughtUp(staff)
	peer.await("all", func() bool {
		return maps.EqualFunc(peer.documents(staff), local.documents(staff), slices.Equal[[]change.Hash])
	})
	sameDocuments(t, staff, peer, relay)
}

// TestCollectionUnsubscribed: what was left while pages were on their way goes on
// where it was.
func TestCollectionUnsubscribed(t *testing.T) {
	relay, peer := newStation(t, "relay", "").serve(), newStation(t, "peer", "")
	relay.fill(staff, 0, 3000, 200)
	peer.join(relay.url)
	for range 20 {
		if err := peer.link.Subscribe(staff, false); err != nil {
			t.Fatal(err)
		}
		before := len(peer.documents(staff))
		peer.await("some", func() bool { n := len(peer.documents(staff)); return n > before || n == 3000 })
		peer.link.Unsubscribe(staff)
	}
	if err := peer.link.Subscribe(staff, true); err != nil {
		t.Fatal(err)
	}
	peer.await("all", func() bool { return len(peer.documents(staff)) == 3000 })
	sameDocuments(t, staff, peer, relay)
}

// TestCollectionOffersWait: what is withdrawn is kept to oneself until it is offered
// again.
func TestCollectionOffersWait(t *testing.T) {
	relay, peer := newStation(t, "relay", "").serve(), newStation(t, "peer", "")
	peer.join(relay.url, staff)
	peer.edit(record(staff, 1))
	peer.caughtUp(staff)
	peer.link.Withdraw(staff)
	quiet := peer.edit(record(staff, 2))
	if err := peer.link.Offer("other", false); err != nil { // so that all before it has been dealt with
		t.Fatal(err)
	}
	peer.edit(record("other", 1))
	relay.await("other", func() bool { return len(relay.documents("other")) == 1 })
	if relay.heads(record(staff, 2)) != nil {
		t.Error("what was withdrawn was announced")
	}
	if err := peer.link.Offer(staff, false); err != nil {
		t.Fatal(err)
	}
	relay.has(record(staff, 2), quiet.Hash)
}

// twinned returns a peer, and a relay that it can't join without being refused a
// change of its first record.
func twinned(t *testing.T) (peer, relay *station, deps *change.Change) {
	relay, peer = newStation(t, "relay", "").serve(), newStation(t, "peer", "")
	rival := newStation(t, "peer", "") // the same actor
	rival.edit(record(staff, 1))
	rival.join(relay.url, staff)
	rival.caughtUp(staff)
	rival.leave()
	twin := replicatest.NewClient("someone")
	deps = twin.Edit()
	if err := peer.hub.Append(context.Background(), record(staff, 1), deps, twin.EditAs("peer", 1)); err != nil {
		t.Fatal(err)
	}
	return peer, relay, deps
}

// TestCollectionRefused: a change that the relay refuses holds up nothing else.
func TestCollectionRefused(t *testing.T) {
	peer, relay, deps := twinned(t)
	peer.fill(staff, 10, 500, 100)
	peer.join(relay.url, staff)
	tag := docid.CollectionTag(staff)
	peer.await("refused", func() bool { return peer.refused[record(staff, 1)] == "twin" })
	peer.await("acked", func() bool { return peer.acked[tag] == hub.Cursor{Sequence: uint64(peer.store.LastSeq())} })
	if n := len(relay.documents(staff)); n != 491 {
		t.Errorf("the relay has %d documents", n)
	}
	if g := relay.heads(record(staff, 1)); !slices.Contains(g, deps.Hash) {
		t.Error("the relay lacks the change before the one that it refuses")
	}
	made := peer.edit(record(staff, 600))
	relay.has(record(staff, 600), made.Hash)
}

// TestCollectionRefusedBranch: a branch that is refused hides none beside it, however
// many pages it fills, nor does one whose author goes on where it doesn't descend from
// what was refused.
func TestCollectionRefusedBranch(t *testing.T) {
	relay, peer := newStation(t, "relay", "").serve(), newStation(t, "peer", "")
	id, text := record(staff, 1), strings.Repeat("x", 40<<10)
	var maxOp uint64
	write := func(actor string, seq uint64, deps ...change.Hash) *change.Change {
		maxOp++
		draft := change.Draft{Actor: change.ActorID(actor), Seq: seq, StartOp: maxOp, Deps: deps, Ops: []change.Op{{
			Key: change.MapKey("text"), Action: change.ActionSet, Value: change.Text(text + fmt.Sprint(maxOp)),
		}}}
		c, err := draft.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	root := write("root", 1)
	for _, twin := range []string{"a", "b"} {
		if err := relay.hub.Append(t.Context(), id, write(twin, 1)); err != nil {
			t.Fatal(err)
		}
	}
	log := []*change.Change{root}
	for _, twin := range []string{"a", "b"} {
		branch := []*change.Change{write(twin, 1, root.Hash)}
		for seq := range uint64(20) {
			branch = append(branch, write(twin, seq+2, branch[len(branch)-1].Hash))
		}
		log = append(log, branch...)
		for seq := range uint64(20) { // beside its own, as only broken clients write
			log = append(log, write(twin, seq+22, root.Hash))
		}
		log = append(log, write("beside "+twin, 1, root.Hash))
	}
	if err := peer.hub.Append(t.Context(), id, log...); err != nil {
		t.Fatal(err)
	}
	peer.join(relay.url, staff)
	peer.await("refused", func() bool { return peer.refused[id] == "twin" })
	for _, c := range log {
		if strings.HasPrefix(string(c.Actor), "beside") && !slices.Contains(relay.heads(id), c.Hash) {
			t.Errorf("the relay lacks what is %s", c.Actor)
		}
	}
	if n := len(relay.heads(id)); n != 4 {
		t.Errorf("the relay has %d heads", n)
	}
}

// TestCollectionKeeperReads: whoever is told of a refusal may look into the store as
// long as that takes; what is written meanwhile doesn't wait for it. And nobody hears
// that the relay has come further before that.
func TestCollectionKeeperReads(t *testing.T) {
	peer, relay, _ := twinned(t)
	tag := docid.CollectionTag(staff)
	peer.dwell = func(docid.ID) {
		written := make(chan struct{})
		go func() {
			defer close(written)
			peer.edit(record(staff, 2))
		}()
		<-written
		peer.mu.Lock()
		defer peer.mu.Unlock()
		if to := peer.acked[tag]; to.Sequence > 0 {
			t.Errorf("acknowledged to %d before it was refused", to.Sequence)
		}
	}
	peer.join(relay.url, staff)
	peer.await("refused", func() bool { return peer.refused[record(staff, 1)] == "twin" })
	peer.await("acked", func() bool { return peer.acked[tag] == hub.Cursor{Sequence: uint64(peer.store.LastSeq())} })
}

// TestCollectionRestored: a store of another life is told everything again, and
// tells everything again.
func TestCollectionRestored(t *testing.T) {
	relay := newStation(t, "relay", "").serve()
	dir := t.TempDir()
	first := newStation(t, "peer", dir)
	first.fill(staff, 0, 300, 100)
	first.join(relay.url, staff)
	first.caughtUp(staff)
	first.close()
	second := newStation(t, "second", t.TempDir()) // has lost all
	second.join(relay.url, staff)
	second.caughtUp(staff)
	sameDocuments(t, staff, second, relay)
	again := newStation(t, "peer", dir)
	again.fill(staff, 300, 400, 100)
	again.join(relay.url, staff)
	again.caughtUp(staff)
	second.await("all", func() bool { return len(second.documents(staff)) == 400 })
	for n := range 400 {
		if relay.heads(record(staff, n)) == nil {
			t.Fatalf("the relay lacks document %d", n)
		}
	}
}
