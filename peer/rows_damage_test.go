package peer_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/storage"
)

// damageRows damages all rows of a closed peer's whose keys begin with a prefix.
func damageRows(t *testing.T, dir, prefix string) {
	t.Helper()
	db, err := badger.Open(badger.DefaultOptions(filepath.Join(dir, "badger")).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	damaged := 0
	err = db.Update(func(txn *badger.Txn) error {
		rows := txn.NewIterator(badger.IteratorOptions{Prefix: append([]byte("k\x01"), prefix...)})
		defer rows.Close()
		for rows.Rewind(); rows.Valid(); rows.Next() {
			row := rows.Item()
			content, err := row.ValueCopy(nil)
			if err != nil {
				return err
			}
			content[len(content)-1] ^= 0x10
			damaged++
			if err := txn.SetEntry(&badger.Entry{Key: row.KeyCopy(nil), Value: content, UserMeta: row.UserMeta()}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil || damaged == 0 {
		t.Fatalf("%s: %d rows were damaged: %v", prefix, damaged, err)
	}
}

// inStore opens the store of a closed peer.
func inStore(t *testing.T, dir string, do func(*storage.Store) error) {
	t.Helper()
	store, err := storage.Open(dir, storage.Options{Small: true, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(do(store), store.Close()); err != nil {
		t.Fatal(err)
	}
}

func keyedBy(prefix string, id crdt.DocumentID) []byte { return append([]byte(prefix), id[:]...) }

// What is damaged of the rows beside the log costs what that row says, and neither
// keeps the directory closed nor the relay away. Rows that only name a document say
// as much as before.
func TestDamagedRows(t *testing.T) {
	relay, dir := startRelay(t), t.TempDir()
	config := peer.Config{Path: dir, Relay: relay.url()}
	p := openPeer(t, config)
	c := employees(t, p)
	record := made(t, c, employee{Name: "Ada"})
	aside, refused := p.create(set("name", "Bob")).ID(), p.create(set("name", "Eve")).ID()
	forgotten := p.create(set("name", "Zoe")).ID()
	p.online()
	soon(t, p.Sync)
	if err := p.Forget(t.Context(), forgotten); err != nil {
		t.Fatal(err)
	}
	p.offline()
	wanted := crdt.NewDocumentID()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Find(done, wanted); !errors.Is(err, peer.ErrNotHere) {
		t.Fatal(err)
	}
	p.close()

	var salt []byte
	inStore(t, dir, func(s *storage.Store) error {
		batch := &storage.Batch{Puts: []storage.Entry{
			{Key: keyedBy("peer1/aside/", aside), Value: []byte("it ends the process")},
			{Key: keyedBy("peer1/refused/", refused), Value: []byte("twin")},
		}}
		for entry, err := range s.Scan(t.Context(), []byte("sync1/acked/")) {
			if err != nil {
				return err
			}
			server := entry.Key[len("sync1/acked/"):][:16]
			batch.Puts = append(batch.Puts, storage.Entry{Key: keyedBy("sync1/aside/"+string(server), record), Value: []byte("quota")})
		}
		_, err := s.Commit(t.Context(), batch)
		if err == nil {
			salt, err = s.Get(keyedBy("peer1/actor/", forgotten))
		}
		return err
	})
	for _, prefix := range []string{
		"peer1/want/", "peer1/refused/", "peer1/aside/", "peer1/actor/", "peer1/relay", "peer1/identity",
		"sync1/cursor/", "sync1/acked/", "sync1/aside/",
	} {
		damageRows(t, dir, prefix)
	}

	p = openPeer(t, config)
	c = employees(t, p)
	if _, err := p.Document(wanted); err != nil {
		t.Errorf("what is looked for: %v", err)
	}
	nothing := func(crdt.Map) error { return nil }
	if err := p.find(aside).View(t.Context(), nothing); !errors.Is(err, peer.ErrSetAside) {
		t.Errorf("what is set aside: %v", err)
	}
	if _, err := p.Document(forgotten); !errors.Is(err, peer.ErrUnknown) {
		t.Errorf("what was forgotten: %v", err)
	}
	if s := status(t, p.find(refused)); s.State != peer.Refused || s.Reason != "unknown" {
		t.Errorf("what is refused: %+v", s)
	}
	p.online()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.Sync(ctx); err != nil {
		t.Errorf("what is synced: %v", err)
	}
	if s := state(t, c, record); s != peer.Synced {
		t.Errorf("the record that the relay lacked is %s", s)
	}
	change(t, p.find(forgotten), set("name", "again"))
	p.close()
	inStore(t, dir, func(s *storage.Store) error {
		another, err := s.Get(keyedBy("peer1/actor/", forgotten))
		if bytes.Equal(salt, another) || len(another) != len(salt) {
			t.Errorf("the salt was %x and is %x", salt, another)
		}
		return err
	})
}

// Whether a damaged collection was unsubscribed isn't known any more. Made anew it is
// followed, and what was evicted comes back: else it would seem to be whole.
func TestDamagedCollectionThatWasEvicted(t *testing.T) {
	relay, dir := startRelay(t), t.TempDir()
	config := peer.Config{Path: dir, Relay: relay.url()}
	p := openPeer(t, config)
	c := employees(t, p)
	id := made(t, c, employee{Name: "Ada"})
	p.online()
	soon(t, p.Sync)
	if kept, err := c.Unsubscribe(t.Context(), true); err != nil || len(kept) > 0 {
		t.Fatalf("kept %v: %v", kept, err)
	}
	p.close()
	damageRows(t, dir, "peer1/collection/")
	p = openPeer(t, config)
	c = employees(t, p, peer.Anew())
	p.online()
	soon(t, p.Sync)
	is(t, c, id, employee{Name: "Ada"})
}
