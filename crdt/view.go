package crdt

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
)

// View calls fn with the document's root, for reading. Handles that come from
// it end with fn. View returns fn's error, or the engine's if that failed: what
// fn read then is not to be used.
//
// fn must not call methods of the document: they wait for fn to return.
func (d *Doc) View(fn func(root Map) error) error {
	d.beginReading()
	defer d.endReading()
	if err := d.usable(); err != nil {
		return err
	}
	return d.noted(d.view(fn))
}

// ViewAt is View of the document as it was at some heads. It looks through the
// history, which it rebuilds if the document was loaded, and copies what there was
// then; automerge-go applies the history anew. Others have the document again
// while fn runs.
func (d *Doc) ViewAt(heads []Hash, fn func(root Map) error) error {
	heads = sorted(heads)
	if now, err := d.viewIf(heads, fn); now || err != nil {
		return err
	}
	past, err := d.readAt(heads)
	if err != nil {
		return err
	}
	defer past.Close()
	return past.View(fn)
}

// viewIf is View if the document is at some heads, and reports whether it is.
func (d *Doc) viewIf(heads []Hash, fn func(root Map) error) (bool, error) {
	d.beginReading()
	defer d.endReading()
	if err := d.usable(); err != nil || !slices.Equal(heads, d.heads) {
		return false, err
	}
	return true, d.noted(d.view(fn))
}

// readAt returns a document for reading, as it was at some heads.
func (d *Doc) readAt(heads []Hash) (*Doc, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	past, err := d.at("", heads)
	return past, d.noted(err)
}

func (d *Doc) view(fn func(root Map) error) error {
	s := &session{unit: d.engines.unit}
	defer s.end()
	err := fn(s.root(d.engine))
	if s.failure != nil {
		return errors.Join(s.failure, err)
	}
	return err
}

// session is one call of View or Change. Its handles read as absent once it has
// ended, or once the engine has failed in it, which is remembered here so that
// reads need not return errors.
type session struct {
	writing bool
	unit    Unit // of positions in texts
	sparse  bool // what is zero isn't written into what is blank
	wrote   bool
	ended   atomic.Bool // handles may leak into other goroutines
	failure error
}

func (s *session) root(e engine) Map { return Map{place{s, 0}, e.root()} }

func (s *session) end() { s.ended.Store(true) }

// readable says whether the engine may be asked.
func (s *session) readable() bool { return s.usable() == nil }

// writable returns why the engine may not be written to.
func (s *session) writable() error {
	err := s.usable()
	if err == nil && !s.writing {
		return ErrReadOnly
	}
	return err
}

// usable returns why the engine may not be asked.
func (s *session) usable() error {
	switch {
	case s == nil:
		return ErrAbsent
	case s.ended.Load():
		return ErrEnded
	}
	return s.failure
}

// unread returns why a read can't be answered that may say so: nothing is wrong
// with a handle of nothing, which reads as empty.
func (s *session) unread() error {
	if s == nil {
		return nil
	}
	return s.usable()
}

// did notes the outcome of a write of the engine.
func (s *session) did(err error) error {
	s.wrote = true
	return s.saw(err)
}

// whole runs what writes several things. If it stops in the middle, the change
// can't be made.
func (s *session) whole(write func() error) error {
	wrote := s.wrote
	s.wrote = false
	err := write()
	if err != nil && s.wrote && s.failure == nil {
		s.failure = err
	}
	s.wrote = s.wrote || wrote
	return err
}

// saw notes the outcome of a call of the engine.
func (s *session) saw(err error) error {
	if err == nil {
		return nil
	}
	if !errors.Is(err, ErrEngine) {
		err = fmt.Errorf("%w: %w", ErrEngine, err)
	}
	s.failure = err
	return err
}

// read makes of an engine's answer one without error.
func read[T any](s *session, answer T, err error) T {
	if s.saw(err) != nil {
		var none T
		return none
	}
	return answer
}

// place is what every handle has: whose it is, and how deep it lies.
type place struct {
	s     *session
	depth int
}

func (p place) value(it item) Value { return Value{place{p.s, p.depth + 1}, it} }
