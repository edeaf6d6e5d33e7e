package peer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/storage"
)

// Peer is one directory of documents and, while [Peer.Run] runs or something syncs,
// its link to a relay. Open makes one.
type Peer struct {
	config   Config
	store    *storage.Store
	hub      *hub.Hub
	identity identity
	engines  engines
	spares   engines // of documents that somebody looks at while others change them; see viewByEngine
	suspects *suspects
	scribe   *scribe
	saver    *saver
	watchers watchers
	link     link
	voice    voice
	// What is kept of records besides their documents.
	collections collections
	forecasts   forecasts
	engaging    sync.RWMutex // read-locked while a document is engaged; see leave

	mu      sync.Mutex
	docs    map[crdt.DocumentID]*standing // those that are wanted, or that something is known of
	closed  bool
	closing chan struct{} // closed when Close begins
	parting chan struct{} // closed when the last words have been said
	running sync.WaitGroup
	// presences are those of running that say goodbye when Close begins.
	presences sync.WaitGroup
	closer    sync.Once
	err       error // of Close
}

// Open opens the directory of a peer, or creates one. Nothing is sent before
// [Peer.Run], or before something syncs. The caller must [Peer.Close] it.
//
// It fails with storage.ErrLocked if another process has it open, and with
// ErrConfig, storage.ErrNotStore, storage.ErrNewerFormat or storage.ErrDamaged
// where these apply. What is damaged inside one document shows when that is
// used; a damaged file of the store keeps all of it closed. What the relay has
// can then be found again from another directory.
func Open(config Config) (*Peer, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	store, err := storage.Open(config.Path, storage.Options{
		InMemory: config.InMemory, Small: true, Reserve: config.Reserve, Renew: config.Renew, Logger: config.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("peer: open %s: %w", config.Path, err)
	}
	p := &Peer{
		config: config, store: store,
		docs: map[crdt.DocumentID]*standing{}, closing: make(chan struct{}), parting: make(chan struct{}),
	}
	p.engines.init(p, config.OpenBytes)
	p.spares.init(p, config.OpenBytes/4)
	p.collections.init()
	p.forecasts.all = map[crdt.DocumentID]*draft{}
	p.scribe = newScribe(store, config.Logger)
	p.saver = newSaver(p)
	if err := p.begin(); err != nil {
		return nil, errors.Join(fmt.Errorf("peer: open %s: %w", config.Path, err), store.Close())
	}
	p.hub = hub.New(hub.Config{
		Store: store, PeerID: config.PeerID, StorageID: p.storageID(), Logger: config.Logger,
		GraphBytes: config.GraphBytes, Keeper: (*keeper)(p), Viewer: (*viewer)(p), Observer: &p.voice,
	})
	if err := p.resume(); err != nil {
		return nil, errors.Join(fmt.Errorf("peer: open %s: %w", config.Path, err), p.Close())
	}
	return p, nil
}

// begin reads what is kept besides the log.
func (p *Peer) begin() error {
	if err := p.settleIdentity(); err != nil {
		return err
	}
	if err := p.loadStandings(); err != nil {
		return err
	}
	if err := p.loadCollections(); err != nil {
		return err
	}
	if p.config.InMemory {
		p.suspects = &suspects{}
		return nil
	}
	var found []crdt.DocumentID
	var err error
	if p.suspects, found, err = openSuspects(p.config.Engine, filepath.Join(p.config.Path, "SUSPECTS")); err != nil {
		return err
	}
	if err := p.setAside(found); err != nil {
		return errors.Join(err, p.suspects.close())
	}
	return nil
}

// resume goes on with what was under way when the directory was last closed.
func (p *Peer) resume() error {
	if err := p.refreshLeaving(); err != nil && !errors.Is(err, storage.ErrDiskFull) {
		return err
	}
	for _, c := range p.collections.all() {
		if err := c.build(); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the link, waits until what is under way is durable or known not
// to be, and releases the directory. It may be called at any moment, from any
// goroutine and more than once, but not from within a function given to View or
// Change, for which it would wait.
func (p *Peer) Close() error {
	p.closer.Do(func() {
		p.mu.Lock()
		p.closed = true
		close(p.closing)
		p.mu.Unlock()
		p.presences.Wait()
		p.voice.finish()
		close(p.parting)
		p.hub.Close()
		p.running.Wait()
		p.saver.stop()
		p.scribe.stop()
		p.engines.close()
		p.spares.close()
		p.err = errors.Join(p.suspects.close(), p.store.Close())
	})
	return p.err
}

// enter counts something that Close has to wait for; whoever entered must call
// p.running.Done.
func (p *Peer) enter() error { return p.join(&p.running) }

// join counts something in each of some groups, unless Close, which waits for
// them, has begun.
func (p *Peer) join(groups ...*sync.WaitGroup) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	for _, g := range groups {
		g.Add(1)
	}
	return nil
}

// ID returns the name that others see while this peer runs.
func (p *Peer) ID() string { return p.config.PeerID }

// Create makes a document with a new id. If init isn't nil it makes the first
// change; what it writes is on disk when Create returns.
func (p *Peer) Create(ctx context.Context, init func(root crdt.Map) error) (*Document, error) {
	return p.create(ctx, crdt.NewDocumentID(), init)
}

func (p *Peer) create(ctx context.Context, id crdt.DocumentID, init func(root crdt.Map) error) (*Document, error) {
	if init == nil {
		init = func(crdt.Map) error { return nil }
	}
	err := p.use(ctx, id, func(e *engine) error { return e.create(init) })
	if err != nil {
		return nil, fmt.Errorf("peer: create a document: %w", err)
	}
	return &Document{peer: p, id: id}, nil
}

// Find returns a document as soon as it is here. If it isn't, it is looked for
// at the relay, now and whenever there is a link, until it is forgotten; Find
// waits for it until ctx ends.
//
// If the relay says that it doesn't have it, Find returns ErrUnavailable; if
// ctx ends before that is known, ErrNotHere and the context's error. In both
// cases the document is returned as well: when it turns up, [Document.Watch]
// tells, and [Document.Ready] returns.
func (p *Peer) Find(ctx context.Context, id crdt.DocumentID) (*Document, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.running.Done()
	d := &Document{peer: p, id: id}
	if id == (crdt.DocumentID{}) {
		return nil, fmt.Errorf("%w: %s, which is no document's id", ErrUnknown, id)
	}
	if p.isHere(id) && !p.known(id).leaving {
		return d, nil
	}
	if err := p.want(id); err != nil {
		return nil, fmt.Errorf("peer: find %s: %w", id, err)
	}
	return d, d.await(ctx, true)
}

// Document returns a document that is here or was looked for before; anything
// else is ErrUnknown.
func (p *Peer) Document(id crdt.DocumentID) (*Document, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.running.Done()
	if !p.isKnown(id) {
		return nil, unknown(id)
	}
	return &Document{peer: p, id: id}, nil
}

// Documents yields all documents, ascending by id: those that are here, and
// then those that are looked for. An error is the last thing yielded.
func (p *Peer) Documents(ctx context.Context) iter.Seq2[*Document, error] {
	return func(yield func(*Document, error) bool) {
		looked := p.wanted() // first, lest what arrives meanwhile be in neither
		for info, err := range p.store.Documents(ctx, nil, crdt.DocumentID{}) {
			if errors.Is(err, storage.ErrClosed) {
				err = ErrClosed
			}
			if err != nil {
				yield(nil, fmt.Errorf("peer: list documents: %w", err))
				return
			}
			if i, arrived := slices.BinarySearchFunc(looked, info.Document, compareIDs); arrived {
				looked = slices.Delete(looked, i, i+1)
			}
			if !yield(&Document{peer: p, id: info.Document}, nil) {
				return
			}
		}
		for _, id := range looked {
			if p.isKnown(id) && !yield(&Document{peer: p, id: id}, nil) {
				return
			}
		}
	}
}
