package peer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/record"
	"github.com/godwit-sync/godwit/storage"
)

// failures are the conflicts of a record that its resolvers could not resolve, and
// are not asked about again. They are the value of the record's entry in the index of
// those with conflicts, and go when that goes.
type failures []resolveFailure

type resolveFailure struct {
	Conflict [16]byte `cbor:"conflict"` // see markOf
	Why      string   `cbor:"why"`
}

const (
	maxFailures = 512 // of one record; no more conflicts are asked about then
	maxWhy      = 200 // bytes
)

// markOf tells conflicts apart: those between other values are others.
func markOf(c record.Conflict) (mark [16]byte) {
	var ops []byte
	for _, w := range c.Values {
		ops = binary.BigEndian.AppendUint64(ops, w.Op.Counter)
		ops = append(append(ops, byte(len(w.Op.Actor))), w.Op.Actor...)
	}
	sum := sha256.Sum256(ops)
	copy(mark[:], sum[:])
	return mark
}

// of returns why a conflict was not resolved; nil if nobody has failed to.
func (f failures) of(c record.Conflict) error {
	mark := markOf(c)
	for _, failure := range f {
		if failure.Conflict == mark {
			return fmt.Errorf("peer: not resolved: %s", failure.Why)
		}
	}
	return nil
}

// with returns the failures with others, without those of conflicts that are no more.
func (f failures) with(why error, failed, present []record.Conflict) failures {
	marks := make([][16]byte, len(present))
	for i, c := range present {
		marks[i] = markOf(c)
	}
	kept := slices.DeleteFunc(slices.Clone(f), func(old resolveFailure) bool { return !slices.Contains(marks, old.Conflict) })
	text := why.Error()
	for _, c := range failed {
		kept = append(kept, resolveFailure{markOf(c), strings.ToValidUTF8(text[:min(len(text), maxWhy)], "")})
	}
	return kept
}

func (p *Peer) readFailures(id crdt.DocumentID) (f failures, err error) {
	value, err := p.store.Get(conflictKey(id))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case errors.Is(err, storage.ErrClosed):
		return nil, ErrClosed
	case err != nil || len(value) == 0:
		return nil, err
	}
	if err := cbor.Unmarshal(value, &f); err != nil {
		p.config.Logger.Warn("what resolvers have failed at can't be read, so they are asked again", "document", id, "error", err)
		return nil, nil
	}
	return f, nil
}

// writeFailures keeps them for as long as the record has conflicts, and reports
// whether it has.
func (c *collection) writeFailures(ctx context.Context, id crdt.DocumentID, f failures) (bool, error) {
	value, err := cbor.Marshal(f)
	if err != nil {
		return false, err
	}
	c.views.lock(id)
	defer c.views.unlock(id)
	v, err := c.peer.storedView(id)
	if err != nil || !v.isLive() || !v.is(viewConflicted) {
		return false, err
	}
	_, err = c.peer.store.Commit(ctx, &storage.Batch{Puts: []storage.Entry{{Key: conflictKey(id), Value: value}}})
	return err == nil, err
}
