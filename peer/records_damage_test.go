package peer_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	changes "github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/storage"
)

// two makes a directory with two records, one of which says what mark does.
func twoRecords(t *testing.T, mark string) (dir string, good, bad crdt.DocumentID) {
	t.Helper()
	dir = t.TempDir()
	p := openPeer(t, peer.Config{Path: dir})
	c := employees(t, p, byName)
	good, bad = made(t, c, employee{Name: "Ada"}), made(t, c, employee{Name: "Bob", Department: crdt.ImmutableString(mark)})
	p.close()
	return dir, good, bad
}

// A view that is damaged on the disk is made anew; until then the record is read
// from its document.
func TestDamagedView(t *testing.T) {
	mark := noise(200)
	dir, good, bad := twoRecords(t, mark)
	damage(t, dir, mark[:20]) // the first row that holds it is the view's
	p := openPeer(t, peer.Config{Path: dir})
	c := employees(t, p)
	is(t, c, good, employee{Name: "Ada"})
	is(t, c, bad, employee{Name: "Bob", Department: crdt.ImmutableString(mark)})
	for _, err := range c.Find(t.Context(), peer.Query{}) {
		if err != nil && !errors.Is(err, storage.ErrDamaged) {
			t.Fatal(err)
		}
	}
	// Whoever changes the record has it mended as well.
	err := c.Update(t.Context(), bad, func(e *employee) error { e.Age = 1; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	finds(t, c, peer.Query{}.OrderBy("Name"), "Ada", "Bob")
	counts(t, c, 2)
	consistent(t, p)
}

// Of a record whose history is damaged the view is left. Without that it is said
// to be damaged, is found by no query, and the others go on.
func TestDamagedRecord(t *testing.T) {
	mark := noise(200)
	dir, good, bad := twoRecords(t, mark)
	damageRow(t, dir, mark[:20], func(key []byte) bool { return key[0] == 'p' })
	p := openPeer(t, peer.Config{Path: dir})
	c := employees(t, p)
	is(t, c, bad, employee{Name: "Bob", Department: crdt.ImmutableString(mark)})
	err := c.Update(t.Context(), bad, func(e *employee) error { e.Age = 1; return nil })
	fails(t, err, storage.ErrDamaged, bad.String())
	if err := c.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = c.Get(t.Context(), bad)
	fails(t, err, storage.ErrDamaged, bad.String())
	finds(t, c, peer.Query{}, "Ada")
	counts(t, c, 1)
	if err := c.Update(t.Context(), good, func(e *employee) error { e.Age = 1; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := p.Forget(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	counts(t, c, 1)
	consistent(t, p)
}

// A record that is damaged before the relay has it is not synced, whatever comes after
// it, also when the peer is opened again, and if what was noted of it was lost in a
// crash. It isn't waited for, and not evicted: its view is the last of it that can be
// read.
func TestDamagedRecordIsNotSynced(t *testing.T) {
	t.Run("told of", func(t *testing.T) { damagedBeforeItsPush(t, startRelay(t)) })
	t.Run("wanted", func(t *testing.T) {
		r := startRelay(t) // that has something is told of names alone at first
		p := openPeer(t, peer.Config{Relay: r.url()})
		made(t, employees(t, p), employee{Name: "Eve"})
		p.online()
		p.sync()
		damagedBeforeItsPush(t, r)
	})
}

func damagedBeforeItsPush(t *testing.T, r *server) {
	mark := noise(200)
	dir, good, bad := twoRecords(t, mark)
	damageRow(t, dir, mark[:20], func(key []byte) bool { return key[0] == 'p' })
	check := func(c *peer.Records[employee]) {
		t.Helper()
		if s, err := c.Status(bad); err != nil || s.State != peer.Refused || s.Reason != "damaged" {
			t.Errorf("it is %+v, %v", s, err)
		}
		if s := state(t, c, good); s != peer.Synced {
			t.Errorf("the other is %s", s)
		}
		if counts, err := c.Counts(t.Context()); err != nil || counts.Pending != 0 || counts.Refused != 1 {
			t.Errorf("there are %+v, %v", counts, err)
		}
		for item, err := range c.Pending(t.Context()) {
			if err != nil || item.ID != bad || item.Reason != "damaged" {
				t.Errorf("pending is %+v, %v", item, err)
			}
		}
	}
	p := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	c := employees(t, p)
	p.online()
	soon(t, c.Push)
	check(c)
	p.close()
	forgetRow(t, dir, append([]byte("peer1/refused/"), bad[:]...))

	p = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	c = employees(t, p)
	check(c)
	p.online()
	soon(t, c.Sync)
	check(c)
	kept, err := c.Unsubscribe(t.Context(), true)
	if err != nil || !slices.Equal(kept, []crdt.DocumentID{bad}) {
		t.Errorf("kept are %v, %v", kept, err)
	}
	is(t, c, bad, employee{Name: "Bob", Department: crdt.ImmutableString(mark)})
}

// forgetRow deletes a row of a closed peer's store.
func forgetRow(t *testing.T, dir string, key []byte) {
	t.Helper()
	store, err := storage.Open(dir, storage.Options{Small: true, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = store.Get(key); err == nil {
		_, err = store.Commit(t.Context(), &storage.Batch{Deletes: [][]byte{key}})
	}
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
}

// A record that a newer version has changed isn't shown in part. It is kept, and
// comes back when it can be read.
func TestANewerVersionHasChangedARecord(t *testing.T) {
	r := startRelay(t)
	p := openPeer(t, peer.Config{Relay: r.url()})
	c := employees(t, p, byName)
	p.online()
	mallory := meet(t, r)
	mallory.id = c.NewID()
	put := func(key string, action changes.Action, v changes.Value) {
		mallory.send(mallory.draft(changes.Op{Key: changes.MapKey(key), Action: action, Value: v}))
	}
	put("Name", changes.ActionSet, changes.Text("Eve"))
	doc := p.find(mallory.id)
	is(t, c, mallory.id, employee{Name: "Eve"})
	counts(t, c, 1)
	put("Name", changes.ActionMark+1, changes.Value{})
	await(t, "the change has come", doc, func() bool { return status(t, doc).Changes == 2 })
	_, err := c.Get(t.Context(), mallory.id)
	fails(t, err, crdt.ErrNewerFormat, mallory.id.String())
	err = c.Update(t.Context(), mallory.id, func(*employee) error { return nil })
	fails(t, err, crdt.ErrNewerFormat)
	exists(t, c, mallory.id, true)
	counts(t, c, 0)
	finds(t, c, peer.Query{})
	consistent(t, p)
}

// On a full disk nothing is written, and everything can be read.
func TestFullDiskOfRecords(t *testing.T) {
	dir, good, bad := twoRecords(t, "mark")
	p := openPeer(t, peer.Config{Path: dir, Reserve: 1 << 60})
	c := employees(t, p)
	_, err := c.Create(t.Context(), employee{Name: "Eve"})
	fails(t, err, storage.ErrDiskFull)
	fails(t, c.Update(t.Context(), good, func(e *employee) error { e.Name = "Eve"; return nil }), storage.ErrDiskFull)
	fails(t, p.Commit(t.Context(), func(tx *peer.Tx) error {
		if err := c.In(tx).Delete(t.Context(), bad); err != nil {
			return err
		}
		return c.In(tx).Put(t.Context(), good, employee{Name: "Eve"})
	}), storage.ErrDiskFull)
	is(t, c, good, employee{Name: "Ada"})
	if name := read(t, p.find(good))["Name"]; name != "Ada" {
		t.Errorf("the document says %v", name)
	}
	finds(t, c, peer.Query{}.OrderBy("Name"), "Ada", "Bob")
	counts(t, c, 2)
	_, err = p.Collection("acme/others")
	fails(t, err, storage.ErrDiskFull)
	consistent(t, p)
}

// What is built anew while somebody counts is counted by the next who asks.
func TestCountWhileBuilding(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p)
	made(t, c, employee{Name: "Ada"})
	if err := p.DropViews(); err != nil {
		t.Fatal(err)
	}
	first, then, err := peer.CountTwice(c, func() error { return c.Rebuild(t.Context()) })
	if err != nil || then != 1 {
		t.Errorf("there are %d records, and then %d (%v); want 1", first, then, err)
	}
}

// A collection whose row is damaged keeps nobody from working with the others, or with
// its documents. Nobody knows whether it was to stay here, so nothing of it travels.
// Whoever says how it was has it again, with all of its records.
func TestDamagedCollection(t *testing.T) {
	dir, relay := t.TempDir(), startRelay(t)
	p := openPeer(t, peer.Config{Path: dir})
	c, others := employees(t, p, byName, peer.LocalOnly()), of[employee](t, p, "acme/others")
	ada, bob, eve := made(t, c, employee{Name: "Ada"}), made(t, c, employee{Name: "Bob"}), made(t, c, employee{Name: "Eve"})
	other := made(t, others, employee{Name: "Other"})
	p.close()
	damageRow(t, dir, "acme/employees", func(key []byte) bool { return strings.Contains(string(key), "peer1/collection/") })

	p = openPeer(t, peer.Config{Path: dir, Relay: relay.url()})
	others = of[employee](t, p, "acme/others")
	is(t, others, other, employee{Name: "Other"})
	_, err := peer.CollectionOf[employee](p.Peer, "acme/employees")
	fails(t, err, storage.ErrDamaged, "acme/employees", "Anew")
	change(t, p.find(ada), set("Age", 36))
	if err := p.Forget(t.Context(), bob); err != nil {
		t.Fatal(err)
	}
	p.online()
	soon(t, others.Sync)
	fails(t, p.Sync(t.Context()), storage.ErrDamaged, "Anew") // not all is there
	var pending []error
	for _, err := range p.Pending(t.Context()) {
		pending = append(pending, err)
	}
	fails(t, errors.Join(pending...), storage.ErrDamaged, "Anew")

	c = employees(t, p, peer.Anew(), byName, peer.LocalOnly())
	is(t, c, ada, employee{Name: "Ada", Age: 36})
	exists(t, c, bob, false)
	finds(t, c, peer.Query{}.OrderBy("Name"), "Ada", "Eve")
	counts(t, c, 2)
	consistent(t, p)
	soon(t, p.Sync)
	p.close()
	p = openPeer(t, peer.Config{Path: dir})
	c = employees(t, p, peer.Anew(), byName) // of which it has no need any more
	is(t, c, eve, employee{Name: "Eve"})
	consistent(t, p)
	relay.stop()
	if all := relay.documents(); len(all) != 1 || all[other] == nil {
		t.Errorf("the relay has %v", all)
	}
}

// badRelay is a relay that can't read one of its records.
type badRelay struct {
	*server
	good crdt.DocumentID // one named Ada
	bad  crdt.DocumentID // one named Bob, in the department
	mark string          // which is called so
}

func startBadRelay(t *testing.T) *badRelay {
	relay := startRelay(t)
	ann := openPeer(t, peer.Config{Relay: relay.url()})
	anns := employees(t, ann)
	mark := noise(200)
	bad := made(t, anns, employee{Name: "Bob", Department: crdt.ImmutableString(mark)})
	for range 9 {
		made(t, anns, employee{Name: "Ada"})
	}
	good := made(t, anns, employee{Name: "Ada"})
	ann.online()
	soon(t, ann.Sync)
	ann.close()
	r := &badRelay{relay, good, bad, mark}
	r.damage(t, mark[:20])
	return r
}

// mend has it read the record again.
func (r *badRelay) mend(t *testing.T) { r.damage(t, string(r.mark[0]^0x10)+r.mark[1:20]) }

func (r *badRelay) damage(t *testing.T, where string) {
	t.Helper()
	r.stop()
	damageRow(t, r.dir, where, func(key []byte) bool { return key[0] == 'p' })
	r.start()
}

// What is damaged at the relay holds up no other record, and whoever pulls is told
// that something is missing, until a full listing finds that nothing is.
func TestDamagedAtTheRelay(t *testing.T) {
	relay := startBadRelay(t)
	bob := openPeer(t, peer.Config{Relay: relay.url()})
	bobs := employees(t, bob, byName, peer.Manual())
	bob.online()
	for _, do := range []func(context.Context) error{bobs.Pull, bobs.Pull, bobs.Resync, bob.Sync} {
		fails(t, inTime(t, do), peer.ErrUnread)
		finds(t, bobs, peer.Query{}, slices.Repeat([]string{"Ada"}, 10)...)
		exists(t, bobs, relay.bad, false)
	}
	bob.offline()
	relay.mend(t)
	bob.online()
	soon(t, bobs.Resync)
	soon(t, bobs.Pull)
	soon(t, bob.Sync)
	is(t, bobs, relay.bad, employee{Name: "Bob", Department: crdt.ImmutableString(relay.mark)})
}

// What the relay could not read while the peer caught up by itself, or before a link
// ended, is told to whoever pulls or syncs after that, over whichever link, and also
// when the peer has been opened anew.
func TestDamagedAtTheRelayInTheBackground(t *testing.T) {
	relay := startBadRelay(t)
	config := peer.Config{Path: t.TempDir(), Relay: relay.url()}
	bob := openPeer(t, config)
	bobs := employees(t, bob)
	caughtUp := func() {
		t.Helper()
		bob.online()
		bob.until("all is there", func(s peer.LinkState) bool { return s.Phase == peer.Online })
		comes(t, bobs, relay.good, named("Ada"))
	}
	caughtUp()
	fails(t, inTime(t, bob.Sync), peer.ErrUnread)
	bob.close()
	bob = openPeer(t, config)
	bobs = employees(t, bob)
	caughtUp()
	fails(t, inTime(t, bobs.Pull), peer.ErrUnread)

	if _, err := bobs.Unsubscribe(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := bobs.Subscribe(t.Context()); err != nil {
		t.Fatal(err)
	}
	comes(t, bobs, relay.good, named("Ada"))
	bob.offline()
	caughtUp()
	fails(t, inTime(t, bobs.Pull), peer.ErrUnread)
}
