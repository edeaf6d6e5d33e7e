package peer

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/storage"
)

// outbox knows which records hold something that the relay isn't known to have. It
// follows from the journal, and how far the relay has answered it; it is read when
// somebody asks first, and kept up from then on. As long as no relay has ever been
// met, there is nothing to keep: all is owed.
type outbox struct {
	loading sync.Mutex // held while the journal is read; before mu

	mu     sync.Mutex
	loaded bool // before, nothing is known to be there
	era    int  // another one for each relay
	// acked is how far the relay has come in the journal, or in a list of all
	// records.
	acked hub.Cursor
	of    map[crdt.DocumentID]owed
	// coming has the records that are being written here, and by how many appends:
	// what can be seen of them may not be in of yet.
	coming map[crdt.DocumentID]int
	// queue has places in the journal, ascending: of each record at least the first
	// and the last that are owed, and some that aren't any more.
	queue  []place
	listed []crdt.DocumentID            // while the relay answers a list: what is left of it
	gone   map[crdt.DocumentID]struct{} // while somebody reads the journal: what was let go of; else nil
}

// owed is where in the journal stands what the relay lacks of a record.
type owed struct {
	first, last uint64
	isNew       bool // the relay lacks all of it
}

type place struct {
	seq uint64
	id  crdt.DocumentID
}

// covers reports whether an acknowledgement is about a row of a record.
func covers(to hub.Cursor, id crdt.DocumentID, seq uint64) bool {
	return seq <= to.Sequence && (to.After == crdt.DocumentID{} || bytes.Compare(id[:], to.After[:]) <= 0)
}

// add notes that a record is owed up to a row of the journal; base is how long its
// log was before.
func (o *outbox) add(id crdt.DocumentID, base int, seq uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.loaded && o.gone == nil || covers(o.acked, id, seq) {
		return // the journal tells of it later, or nobody needs to know
	}
	if o.of == nil {
		o.of = map[crdt.DocumentID]owed{}
	}
	e, ok := o.of[id]
	if !ok {
		e = owed{first: seq, isNew: base == 0}
	}
	e.last = max(e.last, seq)
	o.of[id] = e
	if len(o.queue) > 2*len(o.of)+1024 {
		o.sort()
		return
	}
	i, _ := slices.BinarySearchFunc(o.queue, seq, func(p place, seq uint64) int { return cmp.Compare(p.seq, seq) })
	o.queue = slices.Insert(o.queue, i, place{seq, id})
}

// sort makes the queue anew.
func (o *outbox) sort() {
	o.queue = make([]place, 0, 2*len(o.of))
	for id, e := range o.of {
		o.queue = append(o.queue, place{e.first, id}, place{e.last, id})
	}
	slices.SortFunc(o.queue, func(a, b place) int { return cmp.Compare(a.seq, b.seq) })
}

// take notes how far the relay has come, and returns the records of which nothing is
// owed any more.
func (o *outbox) take(to hub.Cursor) (done []crdt.DocumentID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	isListing := to.After != crdt.DocumentID{}
	switch {
	case !isListing && o.acked.After == crdt.DocumentID{} && to.Sequence <= o.acked.Sequence:
		return nil
	case isListing:
		if o.listed == nil {
			o.listed = slices.SortedFunc(maps.Keys(o.of), compareIDs)
		}
		for len(o.listed) > 0 && compareIDs(o.listed[0], to.After) <= 0 {
			done = o.settle(o.listed[0], to.Sequence, done)
			o.listed = o.listed[1:]
		}
	default:
		o.listed = nil
		for len(o.queue) > 0 && o.queue[0].seq <= to.Sequence {
			done = o.settle(o.queue[0].id, to.Sequence, done)
			o.queue = o.queue[1:]
		}
	}
	o.acked = to
	return done
}

// settle notes that of a record nothing is owed up to a row.
func (o *outbox) settle(id crdt.DocumentID, seq uint64, done []crdt.DocumentID) []crdt.DocumentID {
	e, ok := o.of[id]
	switch {
	case !ok:
	case e.last <= seq:
		delete(o.of, id)
		return append(done, id)
	default:
		e.first, e.isNew = max(e.first, seq+1), false
		o.of[id] = e
	}
	return done
}

// drop lets go of a record, and reports whether something of it was owed.
func (o *outbox) drop(id crdt.DocumentID) (was bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.gone != nil {
		o.gone[id] = struct{}{}
	}
	_, was = o.of[id]
	delete(o.of, id)
	return was
}

func (o *outbox) has(id crdt.DocumentID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.of[id]
	return ok || !o.loaded || o.coming[id] > 0
}

// expect says that a record is about to be written here. Arrived ends that.
func (o *outbox) expect(id crdt.DocumentID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.coming == nil {
		o.coming = map[crdt.DocumentID]int{}
	}
	o.coming[id]++
}

func (o *outbox) arrived(id crdt.DocumentID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.coming[id]--; o.coming[id] == 0 {
		delete(o.coming, id)
	}
}

func (o *outbox) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.of)
}

// all returns what is owed, if that is known.
func (o *outbox) all() (of map[crdt.DocumentID]owed, known bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.of), o.loaded
}

// oldestFirst returns the records in the order in which they are owed.
func oldestFirst(of map[crdt.DocumentID]owed) []crdt.DocumentID {
	return slices.SortedFunc(maps.Keys(of), func(a, b crdt.DocumentID) int {
		return cmp.Or(cmp.Compare(of[a].first, of[b].first), compareIDs(a, b))
	})
}

// oldest returns the place of the oldest that is owed; math.MaxUint64 if nothing is.
func (o *outbox) oldest() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.loaded {
		return 0
	}
	for len(o.queue) > 0 {
		head := o.queue[0]
		if e, ok := o.of[head.id]; ok && head.seq >= e.first {
			return head.seq
		}
		o.queue = o.queue[1:]
	}
	return math.MaxUint64
}

// reset forgets everything: it is another relay's business.
func (o *outbox) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.era++
	o.loaded, o.acked, o.of, o.queue, o.listed = false, hub.Cursor{}, nil, nil, nil
}

// begin begins to read the journal, unless that has been done.
func (o *outbox) begin() (era int, due bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.loaded {
		o.gone = map[crdt.DocumentID]struct{}{}
	}
	return o.era, !o.loaded
}

// finish takes in what the journal said, and reports whether it was still about the
// same relay.
func (o *outbox) finish(era int, acked *hub.Cursor, found map[crdt.DocumentID]owed) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	gone := o.gone
	o.gone = nil
	if era != o.era {
		return false
	}
	if acked != nil && o.acked == (hub.Cursor{}) {
		o.acked = *acked
	}
	if o.of == nil {
		o.of = map[crdt.DocumentID]owed{}
	}
	for id, e := range found {
		if _, isGone := gone[id]; isGone || covers(o.acked, id, e.last) {
			continue
		}
		if later, ok := o.of[id]; ok {
			e.last = max(e.last, later.last)
		}
		o.of[id] = e
	}
	o.sort()
	o.loaded = true
	return true
}

// unlearn forgets what the relay lacks, because it is another one, or none.
func (c *collection) unlearn() {
	c.outbox.reset()
	c.restateAll()
}

// owing is told that a record is about to be written here, at some place in its log.
// What it returns is to be called after the commit, with the row in the journal: from
// now on till then nobody is told that the relay has it all.
func (c *collection) owing(id crdt.DocumentID, base int) (done func(storage.Seq, error)) {
	if c.now().Mode.is(localOnly) {
		return func(storage.Seq, error) {}
	}
	c.outbox.expect(id)
	return func(seq storage.Seq, err error) {
		if err == nil {
			c.outbox.add(id, base, uint64(seq))
		}
		c.outbox.arrived(id)
		if err != nil {
			c.restate(id)
		}
	}
}

// owe reads what the relay lacks from the journal, if that has not been done, and a
// relay was ever met.
func (c *collection) owe(ctx context.Context) error {
	if c.now().Mode.is(localOnly) || !c.peer.link.hasMet() {
		return nil
	}
	c.outbox.loading.Lock()
	defer c.outbox.loading.Unlock()
	for {
		era, due := c.outbox.begin()
		if !due {
			return nil
		}
		acked, found, err := c.findOwed(ctx)
		if err != nil {
			return err
		}
		if c.outbox.finish(era, acked, found) {
			return nil
		}
	}
}

// owed returns what the relay lacks.
func (c *collection) owed(ctx context.Context) (map[crdt.DocumentID]owed, error) {
	if err := c.owe(ctx); err != nil || c.now().Mode.is(localOnly) {
		return nil, err
	}
	if of, known := c.outbox.all(); known {
		return of, nil
	}
	of := map[crdt.DocumentID]owed{}
	for info, err := range c.peer.store.Documents(ctx, c.tag[:], crdt.DocumentID{}) {
		if err != nil {
			return nil, fmt.Errorf("what %q owes: %w", c.name, err)
		}
		if c.check(info.Document) == nil {
			of[info.Document] = owed{first: uint64(info.Born), last: uint64(info.Last), isNew: true}
		}
	}
	return of, nil
}

func (c *collection) findOwed(ctx context.Context) (*hub.Cursor, map[crdt.DocumentID]owed, error) {
	p := c.peer
	relay := p.link.relay()
	acked, asides, err := p.hub.Acked(relay, c.tag)
	if err != nil {
		return nil, nil, err
	}
	for id, why := range asides {
		if p.known(id).refused == "" { // it was lost in a crash
			p.refused(id, word(why))
		}
	}
	from := storage.Seq(0)
	if acked != nil && acked.After == (crdt.DocumentID{}) {
		from = storage.Seq(acked.Sequence)
	}
	found := map[crdt.DocumentID]owed{}
	for row, err := range p.store.Since(ctx, from, c.tag[:]) {
		if err != nil {
			return nil, nil, fmt.Errorf("what %q owes: %w", c.name, err)
		}
		switch {
		case row.Kind == storage.KindPurge:
			delete(found, row.Document)
		case c.check(row.Document) != nil, storageName(row.Origin) == relay && relay != storageName{}:
		default:
			e, ok := found[row.Document]
			if !ok {
				e = owed{first: uint64(row.Seq), isNew: row.First == 0}
			}
			e.last = uint64(row.Seq)
			found[row.Document] = e
		}
	}
	if acked == nil && relay != (storageName{}) {
		p.forgive(found)
	}
	return acked, found, nil
}

// forgive takes out what the relay had when it was last talked about alone.
func (p *Peer) forgive(found map[crdt.DocumentID]owed) {
	for id := range found {
		shared := p.shared(id)
		if len(shared) > 0 && slices.Equal(shared, p.headsOf(id)) {
			delete(found, id)
		}
	}
}
