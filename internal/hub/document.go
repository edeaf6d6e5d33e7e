package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/storage"
)

// document is a replica.Document with its lock, and what it takes to do what
// that says.
type document struct {
	hub   *Hub
	id    docid.ID
	users int // sessions that have it open; guarded by hub.mu

	mu      sync.Mutex
	core    replica.Document
	tail    tail
	touched bool  // since the last sweep
	weight  int64 // as counted in hub.bytes
}

// idleWeight is what a document without a graph takes in the table.
const idleWeight = 512

// weigh brings the hub's account up to date.
func (d *document) weigh() {
	weight := int64(idleWeight + d.tail.bytes)
	if g := d.core.Graph(); g != nil {
		weight += g.Footprint()
	}
	d.hub.bytes.Add(weight - d.weight)
	d.weight = weight
}

// step tells the document what happened and does what follows from it, step
// after step, letting others run in between.
func (d *document) step(ev replica.Event) {
	for ev != nil {
		var fx replica.Effects
		d.mu.Lock()
		d.touched = true
		d.core.Step(ev, &fx)
		d.weigh()
		d.mu.Unlock()
		ev = d.do(&fx)
	}
}

// do carries out effects and returns the event that answers them.
func (d *document) do(fx *replica.Effects) replica.Event {
	for _, r := range fx.Refusals {
		d.report(r)
	}
	if fx.Failure != nil {
		d.fail(fx)
	}
	if fx.Append != nil {
		d.append(fx.Append)
	}
	for _, n := range fx.Owed {
		n.Session.(*session).owe(d)
	}
	if d.hub.bytes.Load() > d.hub.GraphBytes {
		d.hub.sweep()
	}
	switch {
	case fx.Load:
		g, err := d.load()
		return replica.Loaded{Graph: g, Err: err}
	case fx.Again:
		runtime.Gosched()
		return replica.Continued{}
	}
	return nil
}

func (d *document) report(r replica.Refusal) {
	s := r.From.Session.(*session)
	d.hub.Observer.Refused(r.Reason)
	d.hub.Logger.Warn("refused a change", "document", d.id, "change", r.Hash, "peer", s.peerID, "reason", r.Reason, "error", r.Err)
}

func (d *document) fail(fx *replica.Effects) {
	d.hub.Observer.Failed("document", fx.Failure)
	d.hub.Logger.Error("a document's changes were not taken", "document", d.id, "error", fx.Failure)
	for _, n := range fx.Failed {
		n.Session.(*session).end(fmt.Errorf("%w: %w", errStore, fx.Failure))
	}
}

// append makes changes durable; the answer comes in a goroutine of its own,
// because all commits wait for the committer's.
func (d *document) append(a *replica.Append) {
	if !d.hub.enter() {
		d.step(replica.Appended{Err: ErrClosed})
		return
	}
	batch := &storage.Batch{Appends: []storage.Append{{
		Document: d.id, Base: a.Base, Changes: a.Changes, Origin: a.Origin,
	}}}
	d.hub.Store.Submit(batch, func(_ storage.Seq, err error) {
		go func() {
			defer d.hub.running.Done()
			if err == nil {
				d.appended(a)
			}
			d.step(replica.Appended{Err: err})
		}()
	})
}

func (d *document) appended(a *replica.Append) {
	size := 0
	d.mu.Lock()
	for i, c := range a.Changes {
		size += len(c.Bytes())
		d.tail.add(a.Base+i, c.Bytes())
	}
	d.mu.Unlock()
	d.hub.Observer.Appended(len(a.Changes), size)
}

// errDamaged: what the store holds is not what was stored.
var errDamaged = errors.New("hub: the stored document is damaged")

// load reads the document's graph from the store.
func (d *document) load() (*graph.Graph, error) {
	g := graph.New()
	info, err := d.hub.Store.Document(d.id)
	if errors.Is(err, storage.ErrNotFound) {
		return g, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", d.id, err)
	}
	var end tail
	for chunk, err := range d.hub.Store.Changes(context.Background(), d.id, 0) {
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", d.id, err)
		}
		c, err := change.ReadHeader(chunk)
		if err != nil {
			return nil, fmt.Errorf("load %s: change %d: %w: %w", d.id, g.Len(), errDamaged, err)
		}
		if err := g.Restore(c); err != nil {
			return nil, fmt.Errorf("load %s: %w: %w", d.id, errDamaged, err)
		}
		end.add(g.Len()-1, chunk)
	}
	if !slices.Equal(g.Heads(), info.Heads) {
		return nil, fmt.Errorf("load %s: %w: its changes don't lead to its heads", d.id, errDamaged)
	}
	d.mu.Lock()
	d.tail = end
	d.mu.Unlock()
	return g, nil
}

// tail keeps the newest changes' bytes, which are about to be sent to the
// other neighbours, so that they needn't be read back from the store.
type tail struct {
	first  int // index of chunks[0]
	chunks [][]byte
	bytes  int
}

// tailBytes bounds a tail.
const tailBytes = 16 << 10

func (t *tail) add(index int, chunk []byte) {
	if len(chunk) > tailBytes || index != t.first+len(t.chunks) {
		*t = tail{first: index}
	}
	if len(chunk) > tailBytes {
		t.first++
		return
	}
	t.chunks = append(t.chunks, bytes.Clone(chunk))
	t.bytes += len(chunk)
	drop := 0
	for t.bytes > tailBytes {
		t.bytes -= len(t.chunks[drop])
		t.chunks[drop] = nil
		drop++
	}
	t.chunks = t.chunks[drop:]
	t.first += drop
}

// from returns the chunks from an index on, if the tail reaches back so far.
func (t *tail) get(index int) ([]byte, bool) {
	if index < t.first || index >= t.first+len(t.chunks) {
		return nil, false
	}
	return t.chunks[index-t.first], true
}
