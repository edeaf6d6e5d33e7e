package crdt

import (
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// at makes a document of the past of some heads, in which an actor writes;
// without an actor it is for reading.
func (d *Doc) at(actor ActorID, heads []Hash) (*Doc, error) {
	e, size, err := d.engine.at(actor, heads)
	if err != nil {
		return nil, err
	}
	tips, err := e.heads()
	if err != nil {
		return nil, fmt.Errorf("%w: heads: %w", ErrEngine, err)
	}
	return &Doc{actor: actor, engines: d.engines, engine: e, heads: tips, size: size}, nil
}

// take adds change chunks, except those that are here. It adds all or none.
func (d *Doc) take(chunks [][]byte) error {
	changes := make([]*change.Change, len(chunks))
	for i, chunk := range chunks {
		c, err := change.ReadHeader(chunk)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		changes[i] = c
	}
	return d.takeChanges(changes)
}

// takeChanges is take for changes that are parsed already.
func (d *Doc) takeChanges(changes []*change.Change) error {
	next, size := make([]*change.Change, 0, len(changes)), d.size
	for _, c := range changes {
		if c.NewerFormat && !d.engines.own {
			return fmt.Errorf("%w, or open the document with crdt.Native(), for reading: change %s", ErrNewerFormat, c.Hash)
		}
		known, err := d.engine.holds(c)
		if err != nil {
			return d.noted(err)
		}
		if !known {
			next = append(next, c)
			size.add(c)
		}
	}
	if len(next) == 0 {
		return nil
	}
	if err := d.engine.apply(next); err != nil {
		return d.undo(fmt.Errorf("%w: %w", ErrRefused, err))
	}
	heads, err := d.engine.heads()
	if err != nil {
		return d.undo(fmt.Errorf("%w: heads: %w", ErrEngine, err))
	}
	before := d.headsBefore()
	d.heads, d.size = heads, size
	d.happened(before, false, next...)
	return nil
}

// has reports whether a change is in the document.
func (d *Doc) has(h Hash) (bool, error) {
	if len(d.heads) == 0 || slices.Contains(d.heads, h) {
		return len(d.heads) > 0, nil
	}
	known, err := d.engine.has(h)
	if err != nil {
		return false, fmt.Errorf("%w: look for %s: %w", ErrEngine, h, err)
	}
	return known, nil
}

// undo brings the document back to its heads after an error: what the engine
// holds beyond them may be anything.
func (d *Doc) undo(err error) error {
	err = d.noted(err)
	if d.faulted() != nil {
		return err
	}
	former, failed := d.at(d.actor, d.heads)
	if failed != nil {
		fault := fmt.Errorf("%w; close the document and load it again: %w", ErrEngine, failed)
		d.fault.Store(&fault)
		return fmt.Errorf("%w; after: %w", fault, err)
	}
	d.become(former)
	return err
}

// become puts another document in the place of this one, whose engine is left
// to the collector.
func (d *Doc) become(other *Doc) {
	d.release()
	d.engine, d.heads, d.size = other.engine, other.heads, other.size
	if len(d.observers) > 0 {
		d.engine.(patcher).observe(true)
	}
}
