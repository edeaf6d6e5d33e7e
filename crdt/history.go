package crdt

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Apply adds changes that others made, one chunk each, in causal order. They
// must have passed [change.Parse] and the graph: the engine is not safe against
// others. Those that are here already are passed over. It applies all or none.
//
// The document keeps the chunks: the caller must not modify them afterwards.
func (d *Doc) Apply(chunks ...[]byte) error {
	defer d.tell()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	return d.take(chunks)
}

// ApplyChanges is [Doc.Apply] for changes that are parsed already.
func (d *Doc) ApplyChanges(changes ...*change.Change) error {
	defer d.tell()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	return d.takeChanges(changes)
}

// Changes returns the changes that are not in the past of some heads, in causal
// order. Without heads that is the whole history. It returns [ErrUnknownHeads] for
// heads that are not here, such as those of somebody who has gone on writing:
// give what both are known to have, or find it out as package sync does. Between
// two documents in one program [Doc.Merge] does that.
func (d *Doc) Changes(since []Hash) ([]*change.Change, error) {
	var changes []*change.Change
	for c, err := range d.EachChange(since) {
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// EachChange yields what [Doc.Changes] returns, each when the loop comes to it, as
// the document is when it begins; or an error, which ends it.
func (d *Doc) EachChange(since []Hash) iter.Seq2[*change.Change, error] {
	return func(yield func(*change.Change, error) bool) {
		chunks, err := d.after(since)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, chunk := range chunks {
			c, err := change.Parse(chunk)
			if err != nil {
				err = fmt.Errorf("%w: list changes: %w", ErrEngine, err)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// after returns the chunks of the changes that are not in the past of heads that
// must be here.
func (d *Doc) after(since []Hash) ([][]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	since = sorted(since)
	if slices.Equal(since, d.heads) {
		return nil, nil
	}
	for _, h := range since {
		if known, err := d.has(h); err != nil || !known {
			return nil, d.noted(errors.Join(fmt.Errorf("%w: %s", ErrUnknownHeads, h), err))
		}
	}
	chunks, err := d.list(since)
	return chunks, d.noted(err)
}

// list returns the chunks of the changes that are not in the past of some heads.
func (d *Doc) list(since []Hash) ([][]byte, error) {
	chunks, err := d.engine.changes(since)
	return chunks, listing(err)
}

// listing says of an error that it occurred while changes were listed.
func listing(err error) error {
	if err != nil && !errors.Is(err, ErrNewerFormat) {
		err = fmt.Errorf("%w: list changes: %w", ErrEngine, err)
	}
	return err
}

// ChangesOf returns, for each operation, the change that it is part of, or nil if
// it is not in this document. Only the headers and operations of these changes have
// been read, not checked. It costs time linear in the history.
func (d *Doc) ChangesOf(ops ...OpID) ([]*change.Change, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	changes, err := d.engine.changesOf(ops)
	return changes, d.noted(listing(err))
}

// Has reports whether a change is part of the document.
func (d *Doc) Has(h Hash) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return false, err
	}
	known, err := d.has(h)
	return known, d.noted(err)
}

// Authors returns the actors who have made the document's changes, in no order.
// It costs time linear in their number, but in automerge-go linear in the history.
func (d *Doc) Authors() ([]ActorID, error) {
	d.beginReading()
	defer d.endReading()
	if err := d.usable(); err != nil {
		return nil, err
	}
	actors, err := d.engine.authors()
	return actors, d.noted(listing(err))
}

// Save returns the document, for [Load]: as one chunk, or, if that can't carry
// it, as its changes; as it came, with what came after it, if it was saved by a
// newer version and can't be taken apart.
func (d *Doc) Save() ([]byte, error) {
	d.beginReading()
	defer d.endReading()
	if err := d.usable(); err != nil {
		return nil, err
	}
	chunk, err := d.engine.save()
	return chunk, d.noted(err)
}

// Verify checks that the document that was loaded is the one that its heads name:
// that the hashes of all its changes lead to them. [Load] finds what is damaged,
// but takes the word of who saved it. Whether the changes keep the rules of
// [change.Parse], [Doc.Changes] and Merge find out. It costs time linear in the history; the
// reference engine has done it when it loads.
func (d *Doc) Verify() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	err := d.engine.verify()
	if err != nil && !errors.Is(err, ErrNewerFormat) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return d.noted(err)
}

// Fork returns a copy of the document, in which another actor writes, as it is
// or as it was at some heads; the latter costs time linear in the history.
func (d *Doc) Fork(actor ActorID, heads ...Hash) (*Doc, error) {
	if err := checkActor(actor); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	heads = sorted(heads)
	if len(heads) > 0 && !slices.Equal(heads, d.heads) {
		past, err := d.at(actor, heads)
		return past, d.noted(err)
	}
	e, err := d.engine.fork(actor)
	if err != nil {
		return nil, d.noted(fmt.Errorf("%w: fork: %w", ErrEngine, err))
	}
	return &Doc{actor: actor, engines: d.engines, engine: e, heads: slices.Clone(d.heads), size: d.size}, nil
}

// Merge adds the changes of another document that are not here. It never holds
// both documents at once.
func (d *Doc) Merge(other *Doc) error {
	if d == other {
		return nil
	}
	here, err := d.landmarks()
	if err != nil {
		return err
	}
	chunks, err := other.lacking(here)
	if err != nil {
		return fmt.Errorf("merge from the other document: %w", err)
	}
	for _, chunk := range chunks { // who made the file that the other came from?
		if _, err := change.Parse(chunk); err != nil {
			return fmt.Errorf("merge from the other document: %w", err)
		}
	}
	return d.Apply(chunks...)
}

// landmarks returns hashes of changes that are here, by which others find out
// what they have in common with this document.
func (d *Doc) landmarks() ([]Hash, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	hashes, err := d.engine.landmarks()
	return hashes, d.noted(err)
}

// lacking returns at least the changes that somebody with some changes lacks.
func (d *Doc) lacking(here []Hash) ([][]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	chunks, err := d.list(here)
	return chunks, d.noted(err)
}
