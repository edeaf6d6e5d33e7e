package peer_test

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/storage"
)

// A document is damaged on the disk: whoever uses it is told so, and the others
// are as they were, also towards the relay. Once it is forgotten it can be had
// from there again. If the peer has saved the document, apart from its log, it
// can still be looked at.
func TestDamagedDocument(t *testing.T) {
	for name, size := range map[string]int{"small": 5 << 10, "saved": 64 << 10} {
		t.Run(name, func(t *testing.T) { damagedDocument(t, size) })
	}
}

func damagedDocument(t *testing.T, size int) {
	r := startRelay(t)
	ada, dir := openPeer(t, peer.Config{Relay: r.url()}), t.TempDir()
	ada.online()
	bob := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	bob.online()
	mark := noise(size)
	good := bob.create(set("noise", crdt.ImmutableString(noise(size))))
	bad := bob.create(set("noise", crdt.ImmutableString(mark)))
	reaches(t, good, peer.Synced)
	reaches(t, bad, peer.Synced)
	goodAtAda, badAtAda := ada.find(good.ID()), ada.find(bad.ID())
	bob.AwaitSaver()
	bob.close()
	damage(t, dir, mark[size/2:][:50])

	bob = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	good, bad = bob.find(good.ID()), bob.find(bad.ID())
	if size < 16<<10 {
		isDamaged(t, bad, bad.View(t.Context(), func(crdt.Map) error { return nil }))
	} else if got := read(t, bad)["noise"]; got != mark {
		t.Errorf("what was saved says %v", got)
	}
	isDamaged(t, bad, bad.Change(t.Context(), set("bob", 1)))
	agree(t, goodAtAda, good)
	change(t, goodAtAda, set("ada", 2))
	change(t, badAtAda, set("ada", 2))
	change(t, good, set("bob", 1))
	bob.online()
	bob.sync()
	reaches(t, good, peer.Synced)
	agree(t, goodAtAda, good)
	isDamaged(t, bad, bad.Sync(t.Context()))

	if err := bob.Forget(t.Context(), bad.ID()); err != nil {
		t.Fatal(err)
	}
	again := bob.find(bad.ID())
	agree(t, badAtAda, again)
	change(t, again, set("bob", 1))
	reaches(t, again, peer.Synced)
	agree(t, badAtAda, again)
}

// isDamaged expects an error and a status that say which document is damaged.
func isDamaged(t *testing.T, doc *peer.Document, err error) {
	t.Helper()
	for what, err := range map[string]error{"what was done": err, "status": status(t, doc).Err} {
		if !errors.Is(err, storage.ErrDamaged) || !strings.Contains(err.Error(), doc.ID().String()) {
			t.Errorf("%s says of a damaged document: %v", what, err)
		}
	}
}

// noise is a string that no compression makes smaller.
func noise(length int) string {
	random := rand.New(rand.NewPCG(uint64(length), rand.Uint64()))
	text := make([]byte, length)
	for i := range text {
		text[i] = byte('!' + random.IntN('~'-'!'))
	}
	return string(text)
}

// damage turns over one bit of what a closed peer keeps, and leaves the store
// whole, as a compaction does that has read from a bad disk.
func damage(t *testing.T, dir, where string) {
	t.Helper()
	damageRow(t, dir, where, func([]byte) bool { return true })
}

func damageRow(t *testing.T, dir, where string, among func(key []byte) bool) {
	t.Helper()
	db, err := badger.Open(badger.DefaultOptions(filepath.Join(dir, "badger")).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	damaged := false
	err = db.Update(func(txn *badger.Txn) error {
		rows := txn.NewIterator(badger.DefaultIteratorOptions)
		defer rows.Close()
		for rows.Rewind(); rows.Valid(); rows.Next() {
			row := rows.Item()
			content, err := row.ValueCopy(nil)
			if err != nil {
				return err
			}
			if at := strings.Index(string(content), where); at >= 0 && among(row.Key()) {
				content[at] ^= 0x10
				damaged = true
				return txn.SetEntry(&badger.Entry{Key: row.KeyCopy(nil), Value: content, UserMeta: row.UserMeta()})
			}
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil || !damaged {
		t.Fatalf("nothing was damaged: %v", err)
	}
}

// Where a file of the store is damaged, Open either says so, and what to do, or
// all is as it was.
func TestDamagedFile(t *testing.T) {
	dir := t.TempDir()
	p := openPeer(t, peer.Config{Path: dir})
	want := map[crdt.DocumentID]string{}
	for range 4 {
		text := noise(20 << 10)
		want[p.create(set("noise", crdt.ImmutableString(text))).ID()] = text
	}
	p.close()
	files, err := filepath.Glob(filepath.Join(dir, "badger", "*.sst"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	noticed := 0
	for _, file := range files {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(whole); at += 1 + len(whole)/8 {
			flipped := bytes.Clone(whole)
			flipped[at] ^= 0x10
			if err := os.WriteFile(file, flipped, 0o600); err != nil {
				t.Fatal(err)
			}
			if opensDamaged(t, dir, want) {
				noticed++
			}
		}
		if err := os.WriteFile(file, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if noticed == 0 {
		t.Error("no damage was noticed")
	}
	if opensDamaged(t, dir, want) {
		t.Error("the files are as they were, and the peer doesn't open")
	}
}

// opensDamaged reports whether Open says that the store is damaged. If not, what
// is read is right, or an error. A process of its own does it: when Badger fails
// to open, it leaves goroutines behind.
func opensDamaged(t *testing.T, dir string, want map[crdt.DocumentID]string) bool {
	t.Helper()
	a := startActor(t, "opener", dir, nil, 0, slices.Collect(maps.Keys(want))...)
	for id, text, ok := a.said(); ok; id, text, ok = a.said() {
		if text != want[id] {
			t.Errorf("%s is another", id)
		}
	}
	said, err := a.ended()
	if err != nil && (!strings.Contains(said, storage.ErrDamaged.Error()) || !strings.Contains(said, "restore")) {
		t.Errorf("Open of a damaged directory: %v: %s", err, said)
	}
	return err != nil
}
