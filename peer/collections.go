package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

// collections are those that this directory has a name for. The first name that
// was given for a tag owns it.
type collections struct {
	registering sync.Mutex // held while one is registered; before mu

	mu sync.Mutex
	of map[docid.Tag]*collection
	// damaged has the tags of collections whose rows can't be read, and why.
	damaged map[docid.Tag]error
	gone    *sync.Cond // some of passing are done
	// passing counts, by tag, the appends under way to documents that belonged to
	// no collection when they began: they bring no views along.
	passing map[docid.Tag]int
}

func (cs *collections) init() {
	cs.of, cs.passing = map[docid.Tag]*collection{}, map[docid.Tag]int{}
	cs.damaged = map[docid.Tag]error{}
	cs.gone = sync.NewCond(&cs.mu)
}

// owner returns the collection that a document belongs to; nil if there is none.
func (cs *collections) owner(id crdt.DocumentID) *collection {
	tag, ok := id.Tag()
	if !ok {
		return nil
	}
	return cs.tagged(tag)
}

// named returns the collection of a name, which has some tag; nil if there is none.
func (cs *collections) named(name string, tag docid.Tag) (*collection, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	switch c := cs.of[tag]; {
	case c != nil && c.name != name:
		return nil, fmt.Errorf("%w: %q has the same tag; choose another name", ErrCollection, c.name)
	case cs.damaged[tag] != nil:
		return nil, damaged(cs.damaged[tag])
	default:
		return c, nil
	}
}

// isDamaged reports whether a document belongs to a collection that can't be read.
func (cs *collections) isDamaged(id crdt.DocumentID) bool {
	tag, _ := id.Tag()
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.damaged[tag] != nil
}

// damage returns which collections can't be read.
func (cs *collections) damage() error {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	var errs []error
	for _, err := range cs.damaged {
		errs = append(errs, damaged(err))
	}
	return errors.Join(errs...)
}

func damaged(err error) error {
	return fmt.Errorf("%w; the records of this collection are here, but don't travel: give Anew and all other options, and it is made anew", err)
}

// nameOf returns the name of the collection that a document belongs to; "" if there
// is none.
func (cs *collections) nameOf(id crdt.DocumentID) string {
	if c := cs.owner(id); c != nil {
		return c.name
	}
	return ""
}

// tagged returns the collection of a tag; nil if there is none.
func (cs *collections) tagged(tag docid.Tag) *collection {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.of[tag]
}

// pass is owner for an append, and what to call when that is done if there is no
// collection.
func (cs *collections) pass(id crdt.DocumentID) (c *collection, done func()) {
	tag, ok := id.Tag()
	if !ok {
		return nil, func() {}
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if c = cs.of[tag]; c != nil {
		return c, nil
	}
	cs.passing[tag]++
	return nil, func() {
		cs.mu.Lock()
		defer cs.mu.Unlock()
		if cs.passing[tag]--; cs.passing[tag] == 0 {
			delete(cs.passing, tag)
			cs.gone.Broadcast()
		}
	}
}

// publish makes a collection known to all, and returns when whatever was appended
// without it is in the log.
func (cs *collections) publish(c *collection) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.of[c.tag] = c
	delete(cs.damaged, c.tag)
	for cs.passing[c.tag] > 0 {
		cs.gone.Wait()
	}
}

func (cs *collections) all() []*collection {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	all := make([]*collection, 0, len(cs.of))
	for _, c := range cs.of {
		all = append(all, c)
	}
	return all
}

// loadCollections reads the collections of former times. Their views are kept
// whether or not somebody asks for them. One that is damaged is no other's business.
func (p *Peer) loadCollections() error {
	for entry, err := range p.store.Scan(context.Background(), []byte(keyCollection)) {
		var row collectionRow
		if err == nil {
			row, err = decodeCollectionRow(entry)
		}
		var tag docid.Tag
		copy(tag[:], bytes.TrimPrefix(entry.Key, []byte(keyCollection)))
		switch {
		case errors.Is(err, storage.ErrDamaged):
			p.collections.damaged[tag] = err
			p.config.Logger.Error("a collection can't be read, and doesn't travel until it is made anew; see Anew",
				"path", p.config.Path, "error", err)
		case err != nil:
			return err
		default:
			c := newCollection(p, row.Name, tag)
			if row.Afresh {
				c.listAfresh()
			}
			c.row = row
			p.collections.of[tag] = c
		}
	}
	return nil
}

// collection returns the collection of a name, which becomes one now if there is
// none, and does what the options say.
func (p *Peer) collection(name string, options collectionOptions) (*collection, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.running.Done()
	c, err := p.register(name, options)
	if err != nil {
		return nil, during(err, "collection %q", name)
	}
	return c, nil
}

func (p *Peer) register(name string, options collectionOptions) (*collection, error) {
	if err := errors.Join(docid.CheckName(name), options.err); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	p.collections.registering.Lock()
	defer p.collections.registering.Unlock()
	tag := docid.CollectionTag(name)
	c, err := p.collections.named(name, tag)
	if err != nil && (!options.anew || !errors.Is(err, storage.ErrDamaged)) {
		return nil, err
	}
	options.anew = err != nil
	isNew := c == nil
	if isNew {
		c = newCollection(p, name, tag)
	}
	wanted := c.now().clone()
	wanted.adopt(options)
	if n := len(wanted.Indexes); n > maxIndexes {
		return nil, fmt.Errorf("%w: %d indexes, at most %d; DropIndex removes those of former times", ErrInvalid, n, maxIndexes)
	}
	if wanted.Next > conflictIndex {
		return nil, fmt.Errorf("%w: too many indexes were added and dropped", ErrInvalid)
	}
	before := c.now().Mode
	if err = c.adopt(options, isNew); err != nil {
		return nil, err
	}
	if isNew {
		p.collections.publish(c)
	}
	if isNew && !options.anew {
		err = c.start()
	} else {
		err = c.build()
	}
	if !options.resolvers.isEmpty() {
		c.resolveAll()
	}
	return c, errors.Join(err, c.reconsider(before))
}

// reconsider does what follows for the link from another mode, or a new collection.
func (c *collection) reconsider(before mode) error {
	now := c.now().Mode
	if before.is(localOnly) != now.is(localOnly) {
		c.unlearn()
	}
	if c.peer.link.present() == nil {
		return nil
	}
	if err := c.owe(context.Background()); err != nil {
		return err
	}
	c.align()
	if before == now {
		return nil
	}
	return c.converse(context.Background())
}

// start marks a collection as built if it has no records yet, so that nobody has
// to wait, and has it built otherwise.
func (c *collection) start() error {
	for _, err := range c.peer.store.Documents(context.Background(), c.tag[:], crdt.DocumentID{}) {
		return errors.Join(err, c.build())
	}
	return c.update(func(row *collectionRow) bool {
		row.finish()
		return true
	}, storage.Batch{})
}

// dropIndex removes the index of some fields.
func (c *collection) dropIndex(fields []string) error {
	err := c.update(func(row *collectionRow) bool { return row.dropIndex(fields) }, storage.Batch{})
	if err != nil {
		return err
	}
	return c.build()
}

// adopt makes durable what the options say.
func (c *collection) adopt(options collectionOptions, isNew bool) error {
	if options.anew { // what was written meanwhile came without views
		if err := c.peer.store.DeletePrefix(context.Background(), append([]byte(keyView), c.tag[:]...)); err != nil {
			return err
		}
	}
	err := c.update(func(row *collectionRow) bool {
		if isNew {
			*row = newCollectionRow(c.name)
		}
		if options.anew {
			row.rebuild()
			c.listAfresh() // records may have been evicted
			row.Afresh = true
		}
		return row.adopt(options) || isNew
	}, storage.Batch{})
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.validators = slices.Concat(slices.DeleteFunc(slices.Clone(c.validators), options.replace), options.validators)
	c.mu.Unlock()
	c.resolving.adopt(options.resolvers)
	return nil
}

// update makes another row durable, and whatever else is in the batch, and then
// the one that counts, unless change says that there is nothing to do.
func (c *collection) update(change func(row *collectionRow) bool, batch storage.Batch) error {
	c.saving.Lock()
	defer c.saving.Unlock()
	row := c.now().clone()
	if !change(&row) {
		return nil
	}
	entry, err := row.entry(c.tag)
	if err != nil {
		return err
	}
	batch.Puts = append(batch.Puts, entry)
	if _, err := c.peer.store.Commit(context.Background(), &batch); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if row.lost(c.row) {
		c.epoch++
	}
	c.row = row
	c.version++
	return nil
}

// now returns the row that counts, which is not to be modified.
func (c *collection) now() collectionRow {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.row
}

// heed returns the row that counts, for a write of entries as it says, and what to
// call when that is durable, or has failed.
func (c *collection) heed() (row collectionRow, done func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	version := c.version
	c.heeding[version]++
	return c.row, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.heeding[version]--; c.heeding[version] == 0 {
			delete(c.heeding, version)
			c.heeded.Broadcast()
		}
	}
}

// awaitHeeded returns the row that counts when no write is under way any more that
// follows an earlier one: whoever goes through all records then misses none that
// lacks entries, and what is deleted of a dropped index doesn't come again.
func (c *collection) awaitHeeded() collectionRow {
	c.mu.Lock()
	defer c.mu.Unlock()
	row, version := c.row, c.version
	for c.isHeeding(version) {
		c.heeded.Wait()
	}
	return row
}

// isHeeding reports whether a write follows a row before some version.
func (c *collection) isHeeding(before int) bool {
	for version := range c.heeding {
		if version < before {
			return true
		}
	}
	return false
}
