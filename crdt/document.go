package crdt

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
)

// Doc is one open document. Its methods may be called from any goroutine.
// [Doc.View] and [Doc.Save] may run at the same time in the native engine, and so
// may what [Doc.ViewAt] calls; others run alone, but for those that cost nothing.
type Doc struct {
	actor   ActorID
	engines engines

	mu     sync.RWMutex
	engine engine // nil once closed
	heads  []Hash // ascending
	size   census
	fault  atomic.Pointer[error] // why the engine can't be used any more

	observers []*observer
	events    events
}

// New makes an empty document, in which actor will write. No two documents may
// write under one actor id at the same time, nor one twice from the same past.
func New(actor ActorID, opts ...Option) (*Doc, error) { return Load(actor, nil, opts...) }

// Load opens a document from chunks, one after the other: document chunks, as
// [Doc.Save] makes them, and change chunks, best in causal order; no bytes are an
// empty document. They must be one's own or have passed [change.Parse] and the
// graph. It returns [ErrDamaged] if they aren't whole, [ErrMissing] or
// [ErrRefused] if they don't make a document, and [ErrNewerFormat] if this version
// can't read them.
//
// The document keeps the bytes: the caller must not modify them afterwards.
func Load(actor ActorID, data []byte, opts ...Option) (*Doc, error) {
	if err := checkActor(actor); err != nil {
		return nil, err
	}
	saved, changes, err := cut(data)
	if err != nil {
		return nil, err
	}
	d := &Doc{actor: actor}
	d.engines.set(opts)
	if err := d.engines.unit.check(d.engines.own); err != nil {
		return nil, err
	}
	if err := d.open(saved); err != nil {
		return nil, err
	}
	if err = d.take(changes); errors.Is(err, ErrRefused) { // others save in any order
		if changes, err = causally(changes); err == nil {
			err = d.take(changes)
		}
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// cut takes the leading document chunk, if there is one, off the changes, whose
// checksums are verified by whoever reads them.
func cut(data []byte) (saved *document.Document, changes [][]byte, err error) {
	for len(data) > 0 {
		chunk, kind, rest, err := change.Split(data)
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		case kind == change.TypeDocument && saved == nil && changes == nil:
			if saved, err = document.Parse(chunk); err != nil {
				return nil, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
			}
		case kind == change.TypeDocument:
			more, err := unpacked(chunk)
			if err != nil {
				return nil, nil, err
			}
			changes = append(changes, more...)
		case kind == change.TypeChange || kind == change.TypeCompressed:
			changes = append(changes, chunk)
		case kind == change.TypeBundle:
			return nil, nil, fmt.Errorf("%w: it can't read bundles", ErrNewerFormat)
		default:
			return nil, nil, fmt.Errorf("%w: a chunk of type %d where a change should be", ErrDamaged, kind)
		}
		data = rest
	}
	return saved, changes, nil
}

// unpacked returns the changes of a document chunk.
func unpacked(chunk []byte) ([][]byte, error) {
	saved, err := document.Parse(chunk)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	d := Doc{engines: engines{engineKind: nativeEngine}}
	if err := d.open(saved); err != nil {
		return nil, err
	}
	changes, err := d.engine.changes(nil)
	if err != nil && !errors.Is(err, ErrNewerFormat) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return changes, err
}

// open starts the engine, empty or from a document chunk.
func (d *Doc) open(saved *document.Document) (err error) {
	if saved == nil {
		d.engine, err = d.engines.make(d.actor)
		return err
	}
	if saved.NewerFormat && !d.engines.own {
		return fmt.Errorf("%w, or open it with crdt.Native(), for reading", ErrNewerFormat)
	}
	d.size = censusOf(saved)
	if d.engine, err = d.engines.load(d.actor, saved); err != nil {
		switch {
		case errors.Is(err, ErrEngine) || errors.Is(err, ErrNoReference):
		case saved.NewerFormat: // it may have rules of its own
			err = fmt.Errorf("%w: this one can't read it: %w", ErrNewerFormat, err)
		default:
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return err
	}
	d.heads, err = d.engine.heads()
	return err
}

// Close gives the document's memory back; it may be called again. Heads still
// answers.
func (d *Doc) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.engine != nil {
		d.release()
		d.engine = nil
	}
}

// Actor returns the id under which the document is written to.
func (d *Doc) Actor() ActorID { return d.actor }

// Heads returns the hashes of the changes that no other depends on, ascending.
func (d *Doc) Heads() []Hash {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Clone(d.heads)
}

// NewerFormat reports whether the document holds something that a newer version
// has made and this one doesn't know. What is known can be read: the rest shows
// nothing, though it may have overwritten something. Change returns
// [ErrNewerFormat], for whoever writes must know what is there. Everything is
// kept as it came, and further changes can be applied.
//
// A [Doc.Fork] at heads before that can be written to, and merged.
func (d *Doc) NewerFormat() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.engine != nil && d.engine.newer()
}

// Footprint estimates the memory that the document holds, in bytes. With the
// reference engine most of it lies where Go's collector doesn't see it.
func (d *Doc) Footprint() int64 {
	d.beginReading()
	defer d.endReading()
	if d.engine == nil {
		return 0
	}
	return d.engine.memory(d.size)
}

// usable says why the engine can't be asked.
func (d *Doc) usable() error {
	if d.engine == nil {
		return ErrClosed
	}
	return d.faulted()
}

// faulted returns why the engine can't be used any more.
func (d *Doc) faulted() error {
	if fault := d.fault.Load(); fault != nil {
		return *fault
	}
	return nil
}

// beginReading waits until the engine may be read, until endReading.
func (d *Doc) beginReading() {
	if d.engines.own {
		d.mu.RLock()
	} else {
		d.mu.Lock()
	}
}

func (d *Doc) endReading() {
	if d.engines.own {
		d.mu.RUnlock()
	} else {
		d.mu.Unlock()
	}
}

// noted remembers an error after which the engine can't be trusted.
func (d *Doc) noted(err error) error {
	if err != nil && errors.Is(err, errPanicked) {
		fault := err // here, so that no other call allocates
		d.fault.CompareAndSwap(nil, &fault)
	}
	return err
}
