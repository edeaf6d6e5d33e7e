package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/storage"
)

// AwaitSaver waits until nothing is to be saved any more: a peer that is closed
// leaves that for another time.
func (p *Peer) AwaitSaver() { p.saver.done.Wait() }

// Kept returns what is kept of records besides their documents, of all
// collections: views and entries of indexes.
func (p *Peer) Kept() (map[string]string, error) {
	kept := map[string]string{}
	for _, prefix := range []string{keyView, keyIndex} {
		for entry, err := range p.store.Scan(context.Background(), []byte(prefix)) {
			if err != nil {
				return nil, err
			}
			if bytes.Equal(entry.Key, conflictKey(documentOf(entry.Key))) {
				entry.Value = nil // what resolvers have failed at follows from nothing else
			}
			kept[string(entry.Key)] = string(entry.Value)
		}
	}
	return kept, nil
}

// Due returns what Kept should return, as it follows from the log.
func (p *Peer) Due() (map[string]string, error) {
	due := map[string]string{}
	for _, c := range p.collections.all() {
		for info, err := range p.store.Documents(context.Background(), c.tag[:], crdt.DocumentID{}) {
			if err != nil {
				return nil, err
			}
			for _, e := range c.due(info) {
				due[string(e.Key)] = string(e.Value)
			}
		}
	}
	return due, nil
}

func (c *collection) due(info storage.Info) []storage.Entry {
	row := c.now()
	return entriesOf(c.tag, row, info.Document, nil, c.peer.viewByLog(row, info.Document, info.Changes, nil)).Puts
}

// CheckViews returns where what is kept isn't what it should be. Nobody may write
// meanwhile.
func (p *Peer) CheckViews() error {
	kept, err := p.Kept()
	if err != nil {
		return err
	}
	due, err := p.Due()
	if err != nil {
		return err
	}
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(due)) {
		if value, there := kept[key]; !there || value != due[key] {
			errs = append(errs, fmt.Errorf("at %q is %q (%t), want %q", key, value, there, due[key]))
		}
		delete(kept, key)
	}
	for key, value := range kept {
		errs = append(errs, fmt.Errorf("at %q is %q, want nothing", key, value))
	}
	return errors.Join(errs...)
}

// CheckView is CheckViews for one record, while others write.
func (p *Peer) CheckView(id crdt.DocumentID) error {
	c := p.collections.owner(id)
	c.views.lock(id)
	defer c.views.unlock(id)
	info, err := p.store.Document(id)
	if errors.Is(err, storage.ErrNotFound) {
		v, err := p.storedView(id)
		if v != nil {
			err = errors.Join(err, fmt.Errorf("%s is gone, but has a view", id))
		}
		return err
	}
	if err != nil {
		return err
	}
	for _, e := range c.due(info) {
		value, err := p.store.Get(e.Key)
		if err != nil || string(value) != string(e.Value) {
			return fmt.Errorf("at %q is %q (%w), want %q", e.Key, value, err, e.Value)
		}
	}
	return nil
}

// Occupy has a name own the tag of another.
func (p *Peer) Occupy(tagOf, name string) error {
	entry, err := newCollectionRow(name).entry(docid.CollectionTag(tagOf))
	if err == nil {
		_, err = p.store.Commit(context.Background(), &storage.Batch{Puts: []storage.Entry{entry}})
	}
	return err
}

// BeginToForget leaves of a record what earlier versions did while they forgot it.
func (p *Peer) BeginToForget(id crdt.DocumentID) error {
	c := p.collections.owner(id)
	keys, done := c.removing(id)
	_, err := p.store.Commit(context.Background(), &storage.Batch{
		Puts: []storage.Entry{{Key: documentKey(keyLeaving, id)}}, Deletes: append(keys, viewKey(id)),
	})
	done(err)
	return err
}

// CountTwice counts a collection's records, has something done when they have been
// listed, and counts them again.
func CountTwice[T any](r *Records[T], do func() error) (first, then int, err error) {
	c := r.c
	list := func() (ids []crdt.DocumentID, err error) {
		ids, err = c.list(context.Background())
		return ids, errors.Join(err, do())
	}
	isLive := func(crdt.DocumentID) bool { return false }
	if first, err = c.counter.count(list, isLive); err == nil {
		then, err = c.count(context.Background(), nil)
	}
	return first, then, err
}

// DropViews deletes what is kept of records, as if a disk had lost it.
func (p *Peer) DropViews() error {
	return errors.Join(
		p.store.DeletePrefix(context.Background(), []byte(keyView)),
		p.store.DeletePrefix(context.Background(), []byte(keyIndex)))
}

// OpenDocuments returns how many documents are open.
func (p *Peer) OpenDocuments() int {
	p.engines.mu.Lock()
	defer p.engines.mu.Unlock()
	return len(p.engines.of)
}

// Bring takes in changes as if a neighbour had brought them, and calls done when
// they are durable.
func (p *Peer) Bring(id crdt.DocumentID, changes []*change.Change, done func(error)) {
	p.hub.Bring(id, changes, nil, [16]byte{1}, func(b hub.Brought) { done(b.Err) })
}

// AwaitBuilder returns when nothing is being built.
func (r *Records[T]) AwaitBuilder(ctx context.Context) error { return r.c.builder.await(ctx) }
