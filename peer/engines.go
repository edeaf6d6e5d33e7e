package peer

import (
	"container/list"
	"context"
	"errors"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// engines are the documents that somebody uses, and others that are still open
// because there is room for them.
type engines struct {
	peer  *Peer
	limit int64 // bytes

	mu     sync.Mutex
	of     map[crdt.DocumentID]*engine
	idle   list.List // of open ones that nobody uses, longest unused first
	weight int64
}

func (es *engines) init(p *Peer, limit int64) {
	es.peer, es.limit, es.of = p, limit, map[crdt.DocumentID]*engine{}
}

// find returns the engine of a document that is in use; nil if there is none.
func (es *engines) find(id crdt.DocumentID) *engine {
	es.mu.Lock()
	defer es.mu.Unlock()
	return es.of[id]
}

// lock returns a document's engine, locked.
func (es *engines) lock(ctx context.Context, id crdt.DocumentID) (*engine, error) {
	e := es.join(id)
	select {
	case e.token <- struct{}{}:
		return e, nil
	case <-ctx.Done():
		es.release(e)
		return nil, ctx.Err()
	}
}

// tryLock is lock if nobody has the engine; else it returns nil.
func (es *engines) tryLock(id crdt.DocumentID) *engine {
	e := es.join(id)
	select {
	case e.token <- struct{}{}:
		return e
	default:
		es.release(e)
		return nil
	}
}

// join makes the caller a user of a document's engine.
func (es *engines) join(id crdt.DocumentID) *engine {
	es.mu.Lock()
	defer es.mu.Unlock()
	e := es.of[id]
	if e == nil {
		e = &engine{peer: es.peer, table: es, id: id, token: make(chan struct{}, 1)}
		es.of[id] = e
	}
	if e.place != nil {
		es.idle.Remove(e.place)
		e.place = nil
	}
	e.users++
	return e
}

// unlock lets others have the document, and has it saved if it is time for
// that.
func (es *engines) unlock(e *engine) {
	if e.doc != nil {
		es.peer.saver.consider(e)
	}
	es.unlockQuietly(e)
}

func (es *engines) unlockQuietly(e *engine) {
	weight := int64(0)
	if e.doc != nil {
		weight = e.doc.Footprint()
	}
	es.mu.Lock()
	es.weight += weight - e.weight
	e.weight = weight
	es.mu.Unlock()
	<-e.token
	es.release(e)
}

// release lets go of an engine, and closes documents that nobody uses until
// the others fit their budget.
func (es *engines) release(e *engine) {
	for _, e := range es.leave(e) {
		e.close() // nobody else knows of it any more
	}
}

// leave ends the caller's use of an engine, and takes those out that are to be
// closed.
func (es *engines) leave(e *engine) (surplus []*engine) {
	es.mu.Lock()
	defer es.mu.Unlock()
	e.users--
	switch {
	case e.users > 0:
	case e.weight == 0:
		delete(es.of, e.id)
	default:
		e.place = es.idle.PushBack(e)
	}
	for es.weight > es.limit && es.idle.Len() > 0 {
		oldest := es.idle.Remove(es.idle.Front()).(*engine)
		es.weight -= oldest.weight
		delete(es.of, oldest.id)
		surplus = append(surplus, oldest)
	}
	return surplus
}

// close closes all documents; nobody uses them any more.
func (es *engines) close() {
	es.mu.Lock()
	defer es.mu.Unlock()
	for _, e := range es.of {
		e.close()
	}
	clear(es.of)
}

// use runs fn with a document's engine locked, as somebody who may change it.
func (p *Peer) use(ctx context.Context, id crdt.DocumentID, fn func(*engine) error) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.running.Done()
	if err := ctx.Err(); err != nil {
		return err
	}
	for again := true; ; again = false {
		actor, err := p.tryUse(ctx, id, fn)
		if !again || !errors.Is(err, graph.ErrTwin) {
			return err
		}
		// Somebody else has used our actor: this directory has a twin.
		if err := p.renew(actor, id); err != nil {
			return err
		}
	}
}

func (p *Peer) tryUse(ctx context.Context, id crdt.DocumentID, fn func(*engine) error) (crdt.ActorID, error) {
	e, err := p.engines.lock(ctx, id)
	if err != nil {
		return "", err
	}
	defer p.engines.unlock(e)
	actor := p.identity.actorOf(id)
	if err = fn(e); errors.Is(err, crdt.ErrEngine) {
		e.close() // it may be of no use any more
	}
	return actor, err
}
