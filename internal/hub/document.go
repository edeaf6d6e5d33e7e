package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

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
	users int  // sessions and errands that have it open; guarded by hub.mu
	brief bool // it is here for errands alone that leave nothing behind; likewise

	mu      sync.Mutex
	core    replica.Document
	tail    tail
	touched bool // since the last sweep
	gone    bool // from the table
	weight  weight
}

// weight is what a document counts in the hub's account, in bytes.
type weight struct {
	cached int64 // its graph and tail, which a sweep gives back
	fixed  int64 // what it takes as long as it is in the table
}

// perDocument is what a document without a graph takes in the table, in bytes.
const perDocument = 512

// weigh brings the hub's account up to date; d.mu is held.
func (d *document) weigh() {
	var now weight
	if !d.gone {
		now.cached = d.tail.footprint() + d.core.Footprint()
		now.fixed = perDocument + d.core.Overhead()
	}
	d.hub.cached.Add(now.cached - d.weight.cached)
	d.hub.fixed.Add(now.fixed - d.weight.fixed)
	d.weight = now
}

// step tells the document what happened and does what follows from it, step
// after step, letting others run in between.
func (d *document) step(ev replica.Event) {
	for ev != nil {
		var fx replica.Effects
		d.mu.Lock()
		d.touched = true
		d.core.Step(ev, &fx)
		d.tell(&fx)
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
	for _, a := range fx.Answers {
		a.To.Done(a.Brought)
	}
	d.hub.sweepIfNeeded()
	switch {
	case fx.Load:
		g, err := d.load()
		return replica.Loaded{Graph: g, Err: err}
	case fx.Purge:
		return d.purge()
	case fx.Again:
		runtime.Gosched()
		return replica.Continued{}
	}
	return nil
}

// loudRefusals is how many refusals of one connection are logged as warnings:
// nobody may fill the log with nonsense. The metric counts them all.
const loudRefusals = 10

func (d *document) report(r replica.Refusal) {
	d.hub.Observer.Refused(r.Reason)
	level, peer := slog.LevelWarn, ""
	if r.From != nil {
		s := r.From.Session.(*session)
		peer = s.peerID
		if s.refusals.Add(1) > loudRefusals {
			level = slog.LevelDebug
		}
	}
	d.hub.Logger.Log(context.Background(), level, "refused a change",
		"document", d.id, "change", r.Hash, "peer", peer, "reason", r.Reason, "error", r.Err)
}

func (d *document) fail(fx *replica.Effects) {
	d.hub.Observer.Failed("document", fx.Failure)
	d.hub.Logger.Error("a document could not be stored or loaded", "document", d.id, "error", fx.Failure)
	for _, n := range fx.Failed {
		n.Session.(*session).end(fmt.Errorf("%w: %w", errStore, fx.Failure))
	}
}

// append makes changes durable. What goes with those that others brought is made
// beside the caller while a processor may be free for that, since many more may
// follow; else the caller does it, and so isn't ahead of the store by much.
func (d *document) append(a *replica.Append) {
	switch {
	case !d.hub.enter():
		d.step(replica.Appended{Err: ErrClosed})
	case a.Own == 0 && d.hub.Viewer != nil && d.hub.making.TryAcquire(1):
		go func() {
			defer d.hub.making.Release(1)
			d.submit(a)
		}()
	default:
		d.submit(a)
	}
}

// submit hands an append to the store, with what goes with it. The answer comes in a
// goroutine of its own, because all commits wait for the committer's.
func (d *document) submit(a *replica.Append) {
	batch := &storage.Batch{Appends: []storage.Append{d.batched(a)}}
	entries, viewed := d.view(a)
	entries.addTo(batch)
	start := time.Now() // for the metric
	d.hub.submit(batch, func(seq storage.Seq, err error) {
		took := time.Since(start)
		go func() {
			defer d.hub.running.Done()
			viewed(seq, err)
			if err == nil {
				d.appended(a, took)
			}
			d.step(replica.Appended{Err: err})
		}()
	})
}

func (d *document) appended(a *replica.Append, took time.Duration) {
	size := 0
	d.mu.Lock()
	toSend := d.core.IsTalkedAbout()
	for i, c := range a.Changes {
		size += len(c.Bytes())
		if toSend {
			d.tail.add(a.Base+i, c.Bytes())
		}
	}
	d.mu.Unlock()
	if a.Own > 0 {
		d.hub.Keeper.Appended(d.id, a.Base, a.Changes[:a.Own], true)
	}
	if a.Own < len(a.Changes) {
		d.hub.Keeper.Appended(d.id, a.Base+a.Own, a.Changes[a.Own:], false)
	}
	d.hub.Observer.Appended(len(a.Changes), size, took)
}

// load reads the document's graph, and its tail, from the store.
func (d *document) load() (*graph.Graph, error) {
	g, end, err := d.read()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.tail = end
	d.mu.Unlock()
	return g, nil
}

// read reads the document's graph and tail, and keeps neither.
func (d *document) read() (g *graph.Graph, end tail, err error) {
	g = graph.New()
	info, err := d.hub.Store.Document(d.id)
	if errors.Is(err, storage.ErrNotFound) {
		return g, end, nil
	}
	if err == nil {
		end, err = d.restore(g, info)
	}
	if errors.Is(err, storage.ErrDamaged) {
		err = fmt.Errorf("%w: %w", replica.ErrDamaged, err)
	}
	if err != nil {
		return nil, end, fmt.Errorf("load %s: %w", d.id, err)
	}
	return g, end, nil
}

func (d *document) restore(g *graph.Graph, info storage.Info) (end tail, err error) {
	for chunk, err := range d.hub.Store.Changes(context.Background(), d.id, 0) {
		if err != nil {
			return end, err
		}
		if g.Len() == info.Changes {
			break // the rest was appended meanwhile
		}
		c, err := change.ReadHeader(chunk)
		if err == nil {
			err = g.Restore(c)
		}
		if err != nil {
			return end, fmt.Errorf("%w: change %d: %w", storage.ErrDamaged, g.Len(), err)
		}
		if info.Bytes-g.Bytes() < tailBytes {
			end.add(g.Len()-1, chunk)
		}
	}
	if !slices.Equal(g.Heads(), info.Heads) {
		return end, fmt.Errorf("%w: its changes don't lead to its heads", storage.ErrDamaged)
	}
	return end, nil
}
