package crdt

import (
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
)

// native is our own engine.
type native struct{ set *opset.Set }

func newNative(actor ActorID) (engine, error) { return &native{opset.New(actor)}, nil }

// loadNative opens a document chunk.
func loadNative(actor ActorID, chunk []byte) (engine, error) {
	d, err := document.Parse(chunk)
	if err != nil {
		return nil, err
	}
	set, err := opset.Load(actor, d)
	if errors.Is(err, opset.ErrNewerFormat) {
		return nil, fmt.Errorf("%w: %w", ErrNewerFormat, err)
	}
	if err != nil {
		return nil, err
	}
	return &native{set}, nil
}

func (n *native) root() mapObject { return nativeMap{n.set, n.set.Root()} }

func (n *native) commit(message string, seconds int64) (*change.Change, error) {
	return n.set.Commit(message, seconds)
}

func (n *native) rollback() bool {
	n.set.Rollback()
	return true
}

func (n *native) heads() ([]Hash, error) { return n.set.Heads(), nil }

func (n *native) has(h Hash) (bool, error) { return n.set.Has(h) }

func (n *native) changes(since []Hash) ([][]byte, error) { return n.set.Changes(since) }

func (n *native) holds(c *change.Change) (bool, error) { return n.set.Holds(c) }

func (n *native) apply(changes []*change.Change) error {
	for _, c := range changes {
		err := n.set.Apply(c)
		if errors.Is(err, opset.ErrMissing) {
			return fmt.Errorf("%w: %w", ErrMissing, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *native) save() ([]byte, error) { return n.set.Save() }

func (n *native) fork(actor ActorID) (engine, error) {
	saved, err := n.set.Save()
	if err != nil {
		return nil, err
	}
	document, chunks, err := cut(saved)
	if err != nil {
		return nil, err
	}
	if document != nil {
		return loadNative(actor, document)
	}
	forked, err := newNative(actor)
	if err != nil {
		return nil, err
	}
	changes := make([]*change.Change, len(chunks))
	for i, chunk := range chunks {
		if changes[i], err = change.ReadHeader(chunk); err != nil {
			return nil, err
		}
	}
	return forked, forked.apply(changes)
}
