package peer

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
)

// Status returns how far a record has come: Pending, Synced, Refused or Local, as a
// rule. It is a matter of looking it up, not of reading the record. ErrNoRecord says
// that it is not here.
//
// A record that the relay refuses stays so with all that is written in it later,
// until the relay takes it; others don't wait for it. What was refused for a reason
// that may pass (access, quota, disk) is offered again with the next link.
func (r *Records[T]) Status(id crdt.DocumentID) (Status, error) {
	if err := r.c.check(id); err != nil {
		return Status{}, err
	}
	status, err := (&Document{peer: r.c.peer, id: id}).Status()
	if errors.Is(err, ErrUnknown) {
		err = noRecord(id)
	}
	return status, err
}

// Unsynced is a record of which the relay isn't known to have everything.
type Unsynced struct {
	Collection string
	ID         crdt.DocumentID
	// Change says what the relay doesn't know of, all of it taken together: the
	// record was created, updated or deleted. One that was created and deleted is
	// Deleted.
	Change RecordChange
	State  State  // Pending or Refused
	Reason string // why it was refused, in one word; see docs/PROTOCOL.md
}

// Pending yields the records that the relay isn't known to have all of: those that
// it refuses, then the others, those that have waited longest first. It is what there
// was when the iteration began. An error is the last thing yielded, ErrClosed if the
// peer is closed meanwhile. The loop may take its time.
func (r *Records[T]) Pending(ctx context.Context) iter.Seq2[Unsynced, error] {
	return r.c.peer.pending(ctx, func() []*collection { return []*collection{r.c} }, func() error { return nil })
}

// Pending is [Records.Pending] over all collections. It ends with storage.ErrDamaged
// if there is one that can't be read, so that nothing of it travels; see [Anew].
func (p *Peer) Pending(ctx context.Context) iter.Seq2[Unsynced, error] {
	return p.pending(ctx, p.collections.all, p.collections.damage)
}

func (p *Peer) pending(ctx context.Context, of func() []*collection, besides func() error) iter.Seq2[Unsynced, error] {
	return func(yield func(Unsynced, error) bool) {
		done := false
		err := p.eachPending(ctx, of(), func(item Unsynced) bool {
			done = !yield(item, nil)
			return !done
		})
		if err == nil {
			err = besides()
		}
		if err != nil && !done {
			yield(Unsynced{}, during(err, "what is pending"))
		}
	}
}

func (p *Peer) eachPending(ctx context.Context, of []*collection, yield func(Unsynced) bool) error {
	v := visit{peer: p}
	if err := v.enter(); err != nil {
		return err
	}
	defer v.leave()
	ids, owed, err := p.unsynced(ctx, of)
	for i := 0; i < len(ids) && err == nil; i++ {
		item, err := p.describe(ids[i], owed[ids[i]])
		if err != nil {
			return err
		}
		if more, err := v.aside(func() bool { return yield(item) }); err != nil || !more {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return err
}

// unsynced returns the records of some collections that the relay lacks something
// of, in the order in which they are told.
func (p *Peer) unsynced(ctx context.Context, cs []*collection) (ids []crdt.DocumentID, all map[crdt.DocumentID]owed, err error) {
	all = map[crdt.DocumentID]owed{}
	for _, c := range cs {
		owed, err := c.owed(ctx)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(all, owed)
		for _, id := range c.refused() {
			e := all[id]
			e.first = 0
			all[id] = e
		}
	}
	return oldestFirst(all), all, nil
}

// refused returns the records that the relay refuses, ascending.
func (c *collection) refused() (ids []crdt.DocumentID) {
	if c.now().Mode.is(localOnly) {
		return nil
	}
	p := c.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, s := range p.docs {
		if s.refused != "" && c.check(id) == nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

// describe says what the relay lacks of a record.
func (p *Peer) describe(id crdt.DocumentID, e owed) (Unsynced, error) {
	c := p.collections.owner(id)
	s := p.known(id)
	item := Unsynced{Collection: c.name, ID: id, Change: Updated, State: Pending, Reason: s.refused}
	if s.refused != "" {
		item.State = Refused
	}
	v, err := p.storedView(id)
	switch {
	case !v.isThere():
		item.Change = Deleted
	case e.isNew:
		item.Change = Created
	}
	return item, err
}

// Counts says how many records of a collection are how far.
type Counts struct {
	Records int // that can be read; see [Records.Count]
	Pending int // deleted ones, too
	Refused int // likewise
}

// Counts counts the collection's records.
func (r *Records[T]) Counts(ctx context.Context) (Counts, error) {
	n, err := r.Count(ctx)
	if err != nil {
		return Counts{}, err
	}
	owed, err := r.c.owed(ctx)
	if err != nil {
		return Counts{}, err
	}
	counts := Counts{Records: n, Pending: len(owed)}
	for _, id := range r.c.refused() {
		counts.Refused++
		if _, is := owed[id]; is {
			counts.Pending--
		}
	}
	return counts, nil
}
