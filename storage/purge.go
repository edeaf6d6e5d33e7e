package storage

import (
	"context"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// Purge removes a document and all its changes, and writes a journal row of
// [KindPurge] with the number of changes that it had; ErrNotFound if there is
// no such document. One small commit, durable like any other, makes the
// document invisible. Then its payload is deleted, a bounded transaction at a
// time; what ctx's end, Close or a crash leaves of that, the next Open deletes.
// If ctx ends before the commit, it is unknown whether the document was purged.
//
// What beside deletes and puts goes into the same commit, so that what the caller
// keeps about the document can go with it. It must append nothing; nil = nothing.
//
// An Append to the document after that begins a new life, at Base 0. Base alone
// doesn't tell one life from another, so whoever purges a document must see to
// it that no appends to its former life are on their way.
func (s *Store) Purge(ctx context.Context, id docid.ID, beside *Batch) error {
	if beside == nil {
		beside = new(Batch)
	}
	if len(beside.Appends) > 0 {
		return fmt.Errorf("%w: a purge of %s that appends; do one after the other", ErrInvalid, id)
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if _, err := s.commit(ctx, &submission{batch: beside, purge: &id}); err != nil {
		return fmt.Errorf("purge %s: %w", id, err)
	}
	if err := s.sweepPurged(ctx, tagged(tagPurged, id[:])); err != nil {
		s.log.Info("left the payload of a purged document to the next opening",
			"path", s.path, "document", id.String(), "error", err)
	}
	return nil
}

// purge plans the end of a document's life: its row goes, and a marker comes by
// which its payload is found.
func (p *plan) purge(id docid.ID, old *document) error {
	if old == nil {
		return fmt.Errorf("%w: document %s", ErrNotFound, id)
	}
	p.last++
	p.journal(&Row{Seq: p.last, Kind: KindPurge, Document: id, Count: old.changes, Batch: p.last})
	p.rows = append(p.rows, planned{id, nil})
	p.add(write{key: documentKey(id), delete: true})
	p.dropSpill(old)
	key := life{id, old.born}.purgedKey()
	p.add(write{key: key, value: seal(key, nil)})
	return nil
}
