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

func (n *native) commit(message string, seconds int64) (Hash, error) {
	c, err := n.set.Commit(message, seconds)
	if err != nil {
		return Hash{}, err
	}
	return c.Hash, nil
}

func (n *native) rollback() bool {
	n.set.Rollback()
	return true
}

func (n *native) heads() ([]Hash, error) { return n.set.Heads(), nil }

func (n *native) has(h Hash) (bool, error) { return n.set.Has(h) }

func (n *native) change(h Hash) ([]byte, error) {
	chunk, err := n.set.Change(h)
	if chunk == nil && err == nil {
		err = fmt.Errorf("%w: %s", ErrUnknownHeads, h)
	}
	return chunk, err
}

func (n *native) changes(since []Hash) ([][]byte, error) { return n.set.Changes(since) }

func (n *native) apply(chunks []byte) error {
	for len(chunks) > 0 {
		chunk, _, rest, err := change.Split(chunks)
		if err != nil {
			return err
		}
		c, err := change.Parse(chunk)
		if err != nil {
			return err
		}
		if err := n.set.Apply(c); err != nil {
			if errors.Is(err, opset.ErrMissing) {
				err = fmt.Errorf("%w: %w", ErrMissing, err)
			}
			return err
		}
		chunks = rest
	}
	return nil
}

func (n *native) save() ([]byte, error) { return n.set.Save() }

func (n *native) fork(actor ActorID) (engine, error) {
	saved, err := n.set.Save()
	if err != nil {
		return nil, err
	}
	forked, err := newNative(actor)
	if err != nil || len(saved) == 0 {
		return forked, err
	}
	chunk, kind, _, err := change.Split(saved)
	switch {
	case err != nil:
		return nil, err
	case kind == change.TypeDocument:
		return loadNative(actor, chunk)
	}
	return forked, forked.apply(saved)
}
