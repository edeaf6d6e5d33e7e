package peer

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// builder brings what is kept of a collection besides its records up to date, in
// the background: views of records that were here before the collection was, or
// that are of no use, and indexes that were added later. What it has reached is
// durable, so that it goes on there after a crash.
type builder struct {
	mu       sync.Mutex
	working  bool
	again    bool          // something has come up meanwhile
	idle     chan struct{} // closed when it has nothing to do any more
	err      error         // why it gave up
	progress Progress
}

// Progress says how far something in the background is.
type Progress struct {
	Done  int // records that have been looked at
	Total int // about as many as there are
}

// build has done in the background what there is to be done.
func (c *collection) build() error {
	row := c.now()
	if row.isBuilt() {
		return nil
	}
	b := &c.builder
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.working {
		b.again = true
		return nil
	}
	if err := c.peer.enter(); err != nil {
		return err
	}
	b.working, b.err, b.idle = true, nil, make(chan struct{})
	go func() {
		defer c.peer.running.Done()
		ctx, cancel := c.peer.untilClosing()
		defer cancel()
		c.runBuilder(ctx)
	}()
	return nil
}

// untilClosing returns a context that ends when Close begins.
func (p *Peer) untilClosing() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-p.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func (p *Peer) isClosing() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

func (c *collection) runBuilder(ctx context.Context) {
	b := &c.builder
	for {
		err := c.buildAll(ctx)
		if err != nil && ctx.Err() == nil {
			c.peer.config.Logger.Error("could not build the views of a collection; they are built when the peer is opened again", "collection", c.name, "error", err)
		}
		b.mu.Lock()
		if err != nil || !b.again {
			b.working, b.again, b.err = false, false, err
			close(b.idle)
			b.mu.Unlock()
			return
		}
		b.again = false
		b.mu.Unlock()
	}
}

// buildAll does what there is to be done.
func (c *collection) buildAll(ctx context.Context) error {
	for {
		row := c.awaitHeeded()
		var err error
		switch {
		case len(row.Dropped) > 0:
			err = c.dropIndexes(ctx, row.Dropped)
		case row.Views == viewsDropping:
			err = c.dropEntries(ctx)
		case !row.isBuilt():
			err = c.buildRows(ctx, row)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// dropIndexes deletes what is left of indexes that are no more.
func (c *collection) dropIndexes(ctx context.Context, numbers []uint16) error {
	for _, n := range numbers {
		if err := c.peer.store.DeletePrefix(ctx, indexPrefix(c.tag, n)); err != nil {
			return err
		}
	}
	return c.update(func(row *collectionRow) bool {
		row.Dropped = slices.DeleteFunc(row.Dropped, func(n uint16) bool { return slices.Contains(numbers, n) })
		return true
	}, storage.Batch{})
}

// dropEntries deletes the entries of all indexes: nobody knows which of them are
// right. Those of changes that are made meanwhile may go as well: all are written
// again.
func (c *collection) dropEntries(ctx context.Context) error {
	if err := c.peer.store.DeletePrefix(ctx, indexesPrefix(c.tag)); err != nil {
		return err
	}
	return c.update(func(row *collectionRow) bool {
		row.Views = viewsBuilding
		return true
	}, storage.Batch{})
}

// buildRows goes through all records, from where it was last time. If the indexes
// are others when it is done, it is not.
func (c *collection) buildRows(ctx context.Context, row collectionRow) error {
	reached := documentOf(append(make([]byte, len(crdt.DocumentID{})), row.Reached...))
	if err := c.survey(ctx, reached); err != nil {
		return err
	}
	for more := true; more; {
		page := &buildPage{c: c, row: row}
		var err error
		if reached, more, err = page.fill(ctx, reached); err != nil {
			page.free()
			return err
		}
		err = page.commit(reached, more)
		page.free()
		if err != nil || page.stale {
			return err
		}
	}
	return nil
}

// survey counts the records, and those that are done.
func (c *collection) survey(ctx context.Context, reached crdt.DocumentID) error {
	var p Progress
	for info, err := range c.peer.store.Documents(ctx, c.tag[:], crdt.DocumentID{}) {
		if err != nil {
			return err
		}
		if p.Total++; compareIDs(info.Document, reached) <= 0 {
			p.Done++
		}
	}
	c.builder.mu.Lock()
	defer c.builder.mu.Unlock()
	c.builder.progress = p
	return nil
}

// What one page of records holds, about.
const (
	buildRecords = 256
	buildBytes   = 256 << 10
)

// buildPage is some records whose views are written in one commit, and are locked
// until then.
type buildPage struct {
	c     *collection
	row   collectionRow
	ids   []crdt.DocumentID
	batch storage.Batch
	size  int
	stale bool // there are other indexes now
}

// fill takes in records after one, and returns the last one that it has done.
func (p *buildPage) fill(ctx context.Context, after crdt.DocumentID) (reached crdt.DocumentID, more bool, err error) {
	reached = after
	for info, err := range p.c.peer.store.Documents(ctx, p.c.tag[:], after) {
		if err != nil {
			return reached, false, err
		}
		if p.isFull() || !p.lock(info.Document) {
			return reached, true, nil
		}
		p.add(info.Document)
		reached = info.Document
	}
	return reached, false, nil
}

func (p *buildPage) isFull() bool {
	return len(p.ids) == buildRecords || p.size >= buildBytes || len(p.batch.Puts)+len(p.batch.Deletes) >= storage.MaxEntries/2
}

// lock locks a record's view. It waits for nobody if the page has others already:
// whoever has this one may wait for them.
func (p *buildPage) lock(id crdt.DocumentID) bool {
	if len(p.ids) == 0 {
		p.c.views.lock(id)
	} else if busy := p.c.views.tryLock(id); busy != nil {
		return false
	}
	p.ids = append(p.ids, id)
	return true
}

// add brings up to date what is kept of a record.
func (p *buildPage) add(id crdt.DocumentID) {
	info, err := p.c.peer.store.Document(id)
	if err != nil {
		return // it has been forgotten
	}
	before, _ := p.c.peer.storedView(id) // of no use, it is written anew
	after := before
	if p.row.Views != viewsBuilt || before == nil || before.is(viewLarge) {
		after = p.c.peer.viewByLog(p.row, id, info.Changes, nil)
	}
	entries := entriesOf(p.c.tag, p.row, id, before, after)
	p.batch.Puts = append(p.batch.Puts, entries.Puts...)
	p.batch.Deletes = append(p.batch.Deletes, entries.Deletes...)
	for _, e := range entries.Puts {
		p.size += len(e.Key) + len(e.Value)
	}
}

// commit makes the page durable, and how far it reaches.
func (p *buildPage) commit(reached crdt.DocumentID, more bool) error {
	p.c.counter.forget() // before anybody may ask
	err := p.c.update(func(row *collectionRow) bool {
		p.stale = row.Views != p.row.Views || !row.hasIndexesOf(&p.row)
		switch {
		case p.stale:
		case more:
			row.Reached = reached[:]
		default:
			row.finish()
		}
		return true
	}, p.batch)
	p.c.counter.forget() // whoever has asked all the same may have listed what was before
	p.c.builder.passed(len(p.ids))
	return err
}

func (p *buildPage) free() {
	for _, id := range p.ids {
		p.c.views.unlock(id)
	}
}

// state reports whether it works, and how far it is.
func (b *builder) state() (Progress, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.working {
		return Progress{}, false
	}
	return b.progress, true
}

func (b *builder) passed(records int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.progress.Done += records
}

// rebuild has everything that is kept besides the records built anew.
func (c *collection) rebuild() error {
	err := c.update(func(row *collectionRow) bool {
		row.rebuild()
		return true
	}, storage.Batch{})
	if err != nil {
		return err
	}
	return c.build()
}

// rebuildSoon is rebuild for those who can't wait.
func (c *collection) rebuildSoon() {
	if c.peer.enter() != nil {
		return
	}
	go func() {
		defer c.peer.running.Done()
		if row := c.now(); row.Views != viewsBuilt {
			return // it is about to be
		}
		if err := c.rebuild(); err != nil {
			c.peer.config.Logger.Error("could not build the views of a collection anew", "collection", c.name, "error", err)
		}
	}()
}

// ready returns when nothing is left to be built.
func (c *collection) ready(ctx context.Context) error {
	return c.await(ctx, (*collectionRow).isBuilt)
}

// await returns when something that is being built is so.
func (c *collection) await(ctx context.Context, is func(*collectionRow) bool) error {
	for {
		if row := c.now(); is(&row) {
			return nil
		}
		if err := c.build(); err != nil {
			return err
		}
		switch err := c.builder.await(ctx); {
		case err != nil && ctx.Err() == nil && c.peer.isClosing():
			return ErrClosed
		case err != nil:
			return fmt.Errorf("build the views: %w", err)
		}
	}
}

// await returns when the builder has nothing to do any more.
func (b *builder) await(ctx context.Context) error {
	b.mu.Lock()
	idle := b.idle
	b.mu.Unlock()
	if idle == nil {
		return nil // it has never had anything to do
	}
	select {
	case <-idle:
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
