package crdt

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
)

// ChangeOption is an option of [Doc.Change].
type ChangeOption func(*changeOptions)

type changeOptions struct {
	message string
	seconds int64
	empty   bool
	sparse  bool
	also    []func(root Map) error
}

// WithMessage gives the change a message, at most [change.MaxMessage] bytes.
func WithMessage(message string) ChangeOption {
	return func(o *changeOptions) { o.message = message }
}

// WithTime writes a time into the change, in whole seconds, for people to see.
// Without it the change has none. Nothing ever decides by it.
func WithTime(t time.Time) ChangeOption {
	return func(o *changeOptions) { o.seconds = t.Unix() }
}

// AllowEmpty makes a change even if there is nothing to change. Such a change
// joins all heads into one.
func AllowEmpty() ChangeOption {
	return func(o *changeOptions) { o.empty = true }
}

// Sparse has [Map.Reconcile] leave out fields that are zero also where nothing is
// yet. It is for a value that somebody else may be writing elsewhere, so that what
// one hasn't filled in stands against nothing that the other has.
func Sparse() ChangeOption {
	return func(o *changeOptions) { o.sparse = true }
}

// Also has a change that isn't empty do more: fn is called, like the change's own
// function and after it, if that has written something.
func Also(fn func(root Map) error) ChangeOption {
	return func(o *changeOptions) { o.also = append(o.also, fn) }
}

func changeOptionsOf(opts []ChangeOption) changeOptions {
	if len(opts) == 0 {
		return changeOptions{}
	}
	var o changeOptions
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Change calls fn with the document's root, for reading and writing, and makes
// one change of what it writes. It returns that change, or nil if fn left
// everything as it was. The change is only in memory: [Doc.Revert] takes it out
// again if it can't be made durable.
//
// If fn returns an error or panics, nothing of what it wrote remains, and the
// error or panic reaches the caller. With automerge-go that costs time linear in
// the history.
//
// fn must not call methods of the document: they wait for fn to return.
func (d *Doc) Change(fn func(root Map) error, opts ...ChangeOption) (made *change.Change, err error) {
	o := changeOptionsOf(opts)
	if err := checkMessage(o.message); err != nil {
		return nil, err
	}
	defer d.tell()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	if d.engine.newer() {
		return nil, fmt.Errorf("%w to write in this document; until then it can be read", ErrNewerFormat)
	}
	s := &session{writing: true, unit: d.engines.unit, sparse: o.sparse}
	kept := false
	defer func() { // also runs if fn panics or ends its goroutine
		s.end()
		if !kept {
			err = errors.Join(err, d.discard(s))
		}
	}()
	err = fn(s.root(d.engine))
	for _, fn := range o.also {
		if err == nil && s.wrote && d.engine.pending() {
			err = fn(s.root(d.engine))
		}
	}
	if s.failure != nil && !errors.Is(err, s.failure) {
		err = errors.Join(s.failure, err)
	}
	if err != nil || !o.empty && (!s.wrote || !d.engine.pending()) {
		return nil, d.noted(err)
	}
	made, err = d.commit(o)
	kept = err == nil
	s.wrote = true // the commit, if it has failed, is to be discarded too
	return made, d.noted(err)
}

// commit makes a change of the pending operations.
func (d *Doc) commit(o changeOptions) (*change.Change, error) {
	c, err := d.engine.commit(o.message, o.seconds)
	switch {
	case errors.Is(err, change.ErrInvalid):
		return nil, refusal(err)
	case err != nil:
		return nil, fmt.Errorf("%w: commit: %w", ErrEngine, err)
	case c.Actor != d.actor:
		return nil, fmt.Errorf("%w: it made %s of %s", ErrEngine, c.Hash, c.Actor)
	}
	before := d.headsBefore()
	d.heads = append(d.heads[:0], c.Hash)
	d.size.add(c)
	d.happened(before, true, c)
	return c, nil
}

// refusal says whether it is our caller or our engine that is to blame.
func refusal(err error) error {
	var invalid *change.InvalidError
	if errors.As(err, &invalid) && invalid.Rule == change.RuleLimit {
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return fmt.Errorf("%w: it made a change that no store accepts: %w", ErrEngine, err)
}

// discard takes back what a session wrote. An engine that can't is built anew
// from the document's changes.
func (d *Doc) discard(s *session) error {
	_ = d.noted(s.failure) // the caller has it already
	if d.faulted() != nil || !s.wrote {
		return nil
	}
	done, err := d.engine.rollback()
	if d.noted(err) != nil {
		return err
	}
	if done {
		if heads, err := d.engine.heads(); err == nil && slices.Equal(heads, d.heads) {
			return nil
		}
		return d.undo(nil) // it had become a change already
	}
	if _, err := d.engine.commit("", 0); err != nil { // until then the engine can't list its changes
		return d.undo(fmt.Errorf("%w: commit: %w", ErrEngine, err))
	}
	return d.undo(nil)
}

// Revert forgets all changes that are not in the past of the given heads. It is
// for changes that could not be made durable and that nobody has seen: their
// sequence numbers are used again. It costs time linear in the history.
func (d *Doc) Revert(heads []Hash) error {
	defer d.tell()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	heads = sorted(heads)
	if slices.Equal(heads, d.heads) {
		return nil
	}
	former, err := d.at(d.actor, heads)
	if err != nil {
		return d.noted(err)
	}
	reverted := Event{Before: d.heads, After: slices.Clone(former.heads)}
	if len(d.observers) > 0 {
		if reverted.Patches, err = d.diff(d.heads, former.heads); err != nil {
			return err
		}
		d.events.add(reverted, d.observers)
	}
	d.become(former)
	return nil
}
