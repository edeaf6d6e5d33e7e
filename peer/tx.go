package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/storage"
)

// Tx is a transaction: what is written in it, by collections that [Records.In]
// has given, becomes durable at once, or not at all. It ends with the function
// that it was given to, and is used by one goroutine at a time.
type Tx struct {
	peer   *Peer
	drafts map[crdt.DocumentID]*draft
	ended  bool
	// busy is a record that somebody else was using while it was this
	// transaction's turn to be out of turn: it has to begin anew, and to wait for
	// that one first.
	busy *crdt.DocumentID
}

// MaxRecords is how many records one transaction may write. [Records.CreateAll] makes
// more, in several.
const MaxRecords = storage.MaxAppends

// Commit runs fn, and makes what it writes durable in one commit, in up to 512 records
// ([MaxRecords]) of whatever collections: all of it is there when Commit returns nil,
// and nothing of it otherwise. Others see it only then; reads in fn see what fn has
// written. Of a record that fn writes nobody else at this peer writes before it is
// done. Reads of other records see what was there at the moment.
//
// fn may be called again, if it waits for records in another order than somebody
// else does, or if the peer had to begin a new life. It must use the collections by
// [Records.In] alone, and nothing else of the peer: a method that writes a record
// otherwise which fn has written waits for Commit, which waits for fn, until the
// method's context ends. If fn fails or panics, nothing is written. The context is
// looked at until fn has returned.
//
// Errors are those of the functions called in it, of a [Validate] option,
// storage.ErrDiskFull, [ErrTooMuch] and [ErrClosed]; with storage.ErrFailed it isn't known
// whether it was written, and the peer is to be opened again.
func (p *Peer) Commit(ctx context.Context, fn func(tx *Tx) error) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.running.Done()
	var first []crdt.DocumentID // to be waited for before anything else
	for renewed := false; ; {
		tx := &Tx{peer: p, drafts: map[crdt.DocumentID]*draft{}}
		err := tx.run(ctx, first, fn)
		switch {
		case tx.busy != nil:
			first = append(tx.locked(), *tx.busy)
		case errors.Is(err, graph.ErrTwin) && !renewed:
			// Somebody else has used our actor: this directory has a twin.
			renewed = true
			if err := tx.renew(); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// run is one attempt.
func (tx *Tx) run(ctx context.Context, first []crdt.DocumentID, fn func(*Tx) error) error {
	defer tx.end()
	if err := tx.waitFor(ctx, first); err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return err
	}
	if tx.busy != nil {
		return errBusy
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return tx.commit(ctx)
}

var (
	errBusy  = errors.New("peer: the transaction begins anew")
	errEnded = errors.New("peer: the transaction has ended")
)

func (tx *Tx) usable() error {
	switch {
	case tx.ended:
		return errEnded
	case tx.busy != nil:
		return errBusy
	}
	return nil
}

// waitFor locks records in the order that all keep to who wait.
func (tx *Tx) waitFor(ctx context.Context, ids []crdt.DocumentID) error {
	slices.SortFunc(ids, compareIDs)
	for _, id := range ids {
		if _, err := tx.lock(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// lock returns the draft of a record, whose engine is locked. If somebody else has
// it, it is waited for only if it comes after all that are locked, so that nobody
// waits in a circle.
func (tx *Tx) lock(ctx context.Context, id crdt.DocumentID) (*draft, error) {
	if err := tx.usable(); err != nil {
		return nil, err
	}
	if d := tx.drafts[id]; d != nil {
		return d, nil
	}
	e := tx.peer.engines.tryLock(id)
	if e == nil {
		for other, d := range tx.drafts {
			if d.engine != nil && bytes.Compare(other[:], id[:]) > 0 {
				tx.busy = &id
				return nil, errBusy
			}
		}
		var err error
		if e, err = tx.peer.engines.lock(ctx, id); err != nil {
			return nil, err
		}
	}
	d := &draft{peer: tx.peer, id: id, engine: e}
	tx.drafts[id] = d
	return d, nil
}

// open returns the draft of a record as it is.
func (tx *Tx) open(ctx context.Context, c *collection, id crdt.DocumentID) (*draft, error) {
	if err := c.check(id); err != nil {
		return nil, err
	}
	d, err := tx.lock(ctx, id)
	if err != nil {
		return nil, err
	}
	return d, d.open(ctx, c)
}

// found is open for a record that has to be here, and not deleted.
func (tx *Tx) found(ctx context.Context, c *collection, id crdt.DocumentID) (*draft, error) {
	d, err := tx.open(ctx, c, id)
	if err != nil {
		return nil, err
	}
	return d, d.absence()
}

// made returns the draft of a record that is made now, under an id that nobody
// else knows, so that it needs no lock.
func (tx *Tx) made(c *collection, id crdt.DocumentID) (*draft, error) {
	if err := tx.usable(); err != nil {
		return nil, err
	}
	d := &draft{peer: tx.peer, collection: c, id: id}
	tx.drafts[id] = d
	return d, nil
}

// create makes a record under an id that nobody else knows.
func (tx *Tx) create(c *collection, id crdt.DocumentID, value any) error {
	d, err := tx.made(c, id)
	if err != nil {
		return err
	}
	return d.put(value)
}

// locked returns the records whose engines are locked.
func (tx *Tx) locked() (ids []crdt.DocumentID) {
	for id, d := range tx.drafts {
		if d.engine != nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// end takes back what was not committed, and lets others have the records.
func (tx *Tx) end() {
	tx.ended = true
	for _, d := range tx.drafts {
		d.end()
	}
}

// written returns what has changed, ascending by id.
func (tx *Tx) written() []*draft {
	written := slices.DeleteFunc(slices.Collect(maps.Values(tx.drafts)), func(d *draft) bool { return len(d.changes) == 0 })
	slices.SortFunc(written, func(a, b *draft) int { return compareIDs(a.id, b.id) })
	return written
}

// writes reports whether something was written in a record.
func (tx *Tx) writes(id crdt.DocumentID) bool {
	d := tx.drafts[id]
	return d != nil && len(d.changes) > 0
}

// commit makes what was written durable.
func (tx *Tx) commit(ctx context.Context) error {
	written := tx.written()
	switch {
	case len(written) == 0:
		return nil
	case len(written) > MaxRecords:
		return fmt.Errorf("%w: %d records, at most %d; commit them in several", ErrTooMuch, len(written), MaxRecords)
	}
	own := make([]hub.Own, len(written))
	for i, d := range written {
		if err := d.prepare(ctx); err != nil {
			if len(written) > 1 {
				err = during(err, "%s in %q", d.id, d.collection.name)
			}
			return err
		}
		own[i] = hub.Own{Document: d.id, Changes: d.changes}
	}
	tx.peer.forecasts.announce(written)
	defer tx.peer.forecasts.withdraw(written)
	// Once it is submitted it may become durable whatever the caller wants.
	switch err := tx.peer.hub.AppendAll(context.Background(), own); {
	case errors.Is(err, storage.ErrInvalid):
		return fmt.Errorf("%w: %d records; commit them in several: %w", ErrTooMuch, len(written), err)
	case err != nil:
		return appendError(err)
	}
	for _, d := range written {
		d.settle()
	}
	return nil
}

// renew begins a new life of the directory.
func (tx *Tx) renew() error {
	for _, d := range tx.drafts {
		if len(d.changes) > 0 {
			return tx.peer.renew(d.doc.Actor(), d.id)
		}
	}
	return nil
}
