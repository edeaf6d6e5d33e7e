package peer

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/internal/record"
	"github.com/godwit-sync/godwit/storage"
)

// draft is a record in a transaction.
type draft struct {
	peer       *Peer
	collection *collection // nil until somebody asks for it
	id         crdt.DocumentID
	engine     *engine   // locked; nil of a record that is made here
	doc        *crdt.Doc // nil: not opened, or there is none
	base       int       // changes of the log that doc holds
	before     []crdt.Hash
	changes    []*change.Change // made in the transaction
	broken     bool             // doc may be of no use any more
}

// begin makes the record: there are no changes of it.
func (d *draft) begin() (err error) {
	d.doc, err = crdt.New(d.peer.identity.actorOf(d.id), d.peer.config.document(d.id)...)
	return err
}

// open opens the record. If it isn't here, doc is nil then.
func (d *draft) open(ctx context.Context, c *collection) error {
	if d.doc != nil {
		return nil
	}
	switch _, err := d.peer.store.Document(d.id); {
	case errors.Is(err, storage.ErrNotFound):
	case err != nil:
		return err
	default:
		if err := d.engine.open(ctx); err != nil {
			return err
		}
		d.doc, d.base = d.engine.doc, d.engine.applied
		d.before = d.doc.Heads()
	}
	d.collection = c
	return nil
}

// look calls fn with the record as the transaction leaves it.
func (d *draft) look(fn func(root crdt.Map) error) error {
	return d.guard(func() error { return d.doc.View(fn) })
}

func (d *draft) guard(do func() error) error { return d.peer.suspects.while(d.id, do) }

// change writes in the record.
func (d *draft) change(fn func(root crdt.Map) error, opts ...crdt.ChangeOption) error {
	return d.guard(func() error {
		c, err := d.doc.Change(fn, opts...)
		if c != nil {
			d.changes = append(d.changes, c)
		}
		d.broken = d.broken || errors.Is(err, crdt.ErrEngine)
		return err
	})
}

// state says whether there is a record, as the transaction leaves it.
func (d *draft) state() (state record.State, err error) {
	if d.doc == nil {
		return record.Absent, nil
	}
	err = d.guard(func() error {
		state, err = d.known().StateOf(d.doc)
		return err
	})
	return state, err
}

// known returns what is known of the record's tombstones.
func (d *draft) known() *record.Beaten {
	if d.engine == nil {
		return new(record.Beaten)
	}
	return &d.engine.beaten
}

// absence returns why there is no record; nil if there is one.
func (d *draft) absence() error {
	switch state, err := d.state(); {
	case err != nil:
		return err
	case state == record.Absent:
		return noRecord(d.id)
	case state == record.Deleted:
		return deleted(d.id)
	}
	return nil
}

// prepare has what was written looked at before it is committed.
func (d *draft) prepare(ctx context.Context) error {
	if d.engine != nil {
		d.engine.made.Store(-1)
	}
	checks := d.collection.checks()
	if len(checks) == 0 {
		return nil
	}
	if state, err := d.state(); state != record.Present || err != nil {
		return err
	}
	for _, v := range checks {
		if err := d.look(func(root crdt.Map) error { return v.check(ctx, d.id, root) }); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	return nil
}

// settle notes that the changes are durable.
func (d *draft) settle() {
	made := d.changes
	d.changes = nil
	if d.base == 0 {
		d.peer.engage(d.id)
	}
	if e := d.engine; e != nil && e.doc == d.doc {
		e.took(made...)
	}
}

// end takes back what isn't durable, and lets others have the record.
func (d *draft) end() {
	switch e := d.engine; {
	case e == nil:
		d.close()
	case e.doc != d.doc:
		d.close()
		d.peer.engines.unlock(e)
	default:
		if d.broken || len(d.changes) > 0 && d.guard(func() error { return d.doc.Revert(d.before) }) != nil {
			e.close()
		}
		d.peer.engines.unlock(e)
	}
}

func (d *draft) close() {
	if d.doc != nil {
		d.doc.Close()
	}
}
