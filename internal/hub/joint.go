package hub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/storage"
)

// Own is changes of this store's own for one document, in their order.
type Own struct {
	Document docid.ID
	Changes  []*change.Change
}

// AppendAll makes changes of this store's own durable in several documents at
// once, or in none. In each document they come after whatever is under way there.
// It returns when they are durable, or why they aren't. If the context ends before
// all documents are ready, nothing is written; if it ends later, they may become
// durable all the same. One commit takes what a [storage.Batch] takes; more is
// [storage.ErrInvalid].
func (h *Hub) AppendAll(ctx context.Context, own []Own) error {
	if !h.enter() {
		return ErrClosed
	}
	defer h.running.Done()
	j := h.newJoint(own)
	if err := j.run(ctx); err != nil {
		return appendError(fmt.Sprintf("%d documents", len(j.shares)), err)
	}
	return nil
}

// joint is a commit of several documents. Their shares are staged in the order of
// their ids, each only when the one before is: so two joints that have documents
// in common never wait for each other in a circle.
type joint struct {
	hub    *Hub
	shares []share
	told   chan error // how the staging of one share has ended
}

// share is one document's part of a joint.
type share struct {
	of       *joint
	id       docid.ID
	document *document
	errand   replica.Joint
	append   *replica.Append // nil until it is staged; for good if it was all there
}

func (h *Hub) newJoint(own []Own) *joint {
	own = slices.Clone(own)
	slices.SortStableFunc(own, func(a, b Own) int { return slices.Compare(a.Document[:], b.Document[:]) })
	j := &joint{hub: h, shares: make([]share, 0, len(own)), told: make(chan error, 1)}
	for _, o := range own {
		if n := len(j.shares); n > 0 && j.shares[n-1].id == o.Document {
			errand := &j.shares[n-1].errand
			errand.Changes = slices.Concat(errand.Changes, o.Changes)
			continue
		}
		if len(o.Changes) > 0 {
			j.shares = append(j.shares, share{of: j, id: o.Document, errand: replica.Joint{Changes: o.Changes}})
		}
	}
	return j
}

func (j *joint) run(ctx context.Context) error {
	if len(j.shares) > storage.MaxAppends {
		return fmt.Errorf("%w: at most %d at once; split it", storage.ErrInvalid, storage.MaxAppends)
	}
	if err := j.stage(ctx); err != nil {
		j.withdraw(err)
		j.release()
		return err
	}
	return j.commit(ctx)
}

func (j *joint) stage(ctx context.Context) error {
	sideBySide(len(j.shares), func(i int) { j.shares[i].open() })
	for i := range j.shares {
		s := &j.shares[i]
		s.document.step(&s.errand)
		select {
		case err := <-j.told:
			if err != nil {
				return fmt.Errorf("%s: %w", s.id, err)
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return context.Cause(ctx)
}

// open has the document's graph loaded, or looked for: that has no order.
func (s *share) open() {
	s.document, s.errand.Joiner = s.of.hub.pass(s.id), s
	s.document.step(replica.Needed{})
}

// Staged goes on with the next share.
func (s *share) Staged(a *replica.Append) {
	s.append = a
	s.of.told <- nil
}

// Done tells that there is nothing to stage, or why it can't be; what comes later
// is known.
func (s *share) Done(err error) {
	if s.append == nil {
		s.of.told <- err
	}
}

// withdraw takes back what is staged, or waits for that.
func (j *joint) withdraw(err error) {
	for i := range j.shares {
		s := &j.shares[i]
		s.document.step(replica.Withdrawn{Joint: &s.errand, Err: err})
	}
}

func (j *joint) release() {
	for i := range j.shares {
		j.hub.release(j.shares[i].document)
	}
}

// commit makes all durable, and waits for that as long as ctx lasts.
func (j *joint) commit(ctx context.Context) error {
	batch, viewed := j.batch()
	if len(batch.Appends) == 0 {
		j.release()
		return nil
	}
	result := make(chan error, 1)
	start := time.Now()  // for the metric
	j.hub.running.Add(1) // we are running ourselves, so that Close waits
	j.hub.submit(batch, func(last storage.Seq, err error) {
		took := time.Since(start)
		go func() {
			defer j.hub.running.Done()
			first := last + 1 - storage.Seq(len(viewed))
			for i, done := range viewed {
				done(first+storage.Seq(i), err)
			}
			j.finish(err, took)
			result <- err
		}()
	})
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return undecided(ctx)
	}
}

// batch returns what is to become durable, and what is to be called after that with
// each append's row in the journal.
func (j *joint) batch() (b *storage.Batch, viewed []func(storage.Seq, error)) {
	staged := slices.DeleteFunc(slices.Clone(j.shares), func(s share) bool { return s.append == nil })
	entries := make([]Entries, len(staged))
	viewed = make([]func(storage.Seq, error), len(staged))
	sideBySide(len(staged), func(i int) {
		entries[i], viewed[i] = staged[i].document.view(staged[i].append)
	})
	b = &storage.Batch{Appends: make([]storage.Append, len(staged))}
	for i, s := range staged {
		b.Appends[i] = s.document.batched(s.append)
		entries[i].addTo(b)
	}
	return b, viewed
}

// finish tells everybody how the commit has ended: the keeper of all documents
// before any neighbour of one. What the store has not even tried to write is taken
// back; after any other failure nothing here can be relied on.
func (j *joint) finish(err error, took time.Duration) {
	if errors.Is(err, storage.ErrInvalid) || errors.Is(err, storage.ErrDiskFull) {
		j.withdraw(err)
		j.release()
		return
	}
	for i := range j.shares {
		if s := &j.shares[i]; s.append != nil && err == nil {
			s.document.appended(s.append, took)
		}
	}
	for i := range j.shares {
		if s := &j.shares[i]; s.append != nil {
			s.document.step(replica.Appended{Err: err})
		}
	}
	j.release()
}
