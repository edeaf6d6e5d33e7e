package crdt

import (
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
)

// native is our own engine. A panic in it would be a fault of ours, which must
// not take the program along: rescue makes it an error.
type native struct{ set *opset.Set }

func newNative(actor ActorID) (engine, error) { return native{opset.New(actor)}, nil }

func loadNative(actor ActorID, saved *document.Document) (_ engine, err error) {
	defer rescue(&err)
	set, err := opset.Load(actor, saved)
	if err != nil {
		return nil, err
	}
	return native{set}, nil
}

func (n native) root() mapObject { return nativeMap{n.set.Root()} }

func (n native) pending() bool { return n.set.Pending() }

func (n native) commit(message string, seconds int64) (_ *change.Change, err error) {
	defer rescue(&err)
	return n.set.Commit(message, seconds)
}

func (n native) rollback() (_ bool, err error) {
	defer rescue(&err)
	n.set.Rollback()
	return true, nil
}

func (n native) heads() ([]Hash, error) { return n.set.Heads(), nil }

func (n native) has(h Hash) (_ bool, err error) {
	defer rescue(&err)
	return n.set.Has(h)
}

func (n native) landmarks() ([]Hash, error) { return n.set.Landmarks(), nil }

func (n native) changes(since []Hash) (_ [][]byte, err error) {
	defer rescue(&err)
	chunks, err := n.set.Changes(since)
	return chunks, asNewer(err)
}

func (n native) changesOf(ops []OpID) (_ []*change.Change, err error) {
	defer rescue(&err)
	changes, err := n.set.ChangesOf(ops)
	return changes, asNewer(err)
}

func (n native) authors() ([]ActorID, error) { return n.set.Authors(), nil }

func (n native) newer() bool { return n.set.NewerFormat() }

// asNewer says of an error that a newer version would not have it.
func asNewer(err error) error {
	if errors.Is(err, opset.ErrClosed) {
		return fmt.Errorf("%w: %w", ErrNewerFormat, err)
	}
	return err
}

func (n native) holds(c *change.Change) (_ bool, err error) {
	defer rescue(&err)
	return n.set.Holds(c)
}

func (n native) apply(changes []*change.Change) (err error) {
	defer rescue(&err)
	for _, c := range changes {
		err := n.set.Apply(c)
		if errors.Is(err, opset.ErrMissing) {
			return fmt.Errorf("%w: %w", ErrMissing, err)
		}
		if err != nil {
			return asNewer(err)
		}
	}
	return nil
}

func (n native) verify() (err error) {
	defer rescue(&err)
	return asNewer(n.set.Verify())
}

func (n native) save() (_ []byte, err error) {
	defer rescue(&err)
	return n.set.Save()
}

func (n native) memory(census) int64 { return n.set.Footprint() }

func (n native) at(actor ActorID, heads []Hash) (_ engine, _ census, err error) {
	defer rescue(&err)
	if actor == "" {
		past, err := n.set.At(heads)
		return native{past}, census{}, pastError(err)
	}
	past, err := n.set.Fork(actor, heads)
	return native{past}, census{}, pastError(err)
}

func pastError(err error) error {
	switch {
	case errors.Is(err, opset.ErrUnknownHeads):
		return fmt.Errorf("%w: %w", ErrUnknownHeads, err)
	case errors.Is(err, opset.ErrDetached):
		return fmt.Errorf("%w: %w", ErrDetached, err)
	}
	return asNewer(err)
}

func (n native) fork(actor ActorID) (_ engine, err error) {
	defer rescue(&err)
	saved, err := n.set.Save()
	if err != nil {
		return nil, err
	}
	whole, chunks, err := cut(saved)
	if err != nil {
		return nil, err
	}
	forked, err := newNative(actor)
	if whole != nil {
		forked, err = loadNative(actor, whole)
	}
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
