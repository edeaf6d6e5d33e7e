package crdt

import (
	"errors"
	"fmt"
	"math"
	"reflect"
)

// Hydrate reads the map into what v points to: a struct, or a map with strings
// as keys. It is the reverse of [Map.Reconcile]. What isn't in the map becomes
// zero, and so does what is null; what isn't in the struct is passed over.
// Strings and texts are strings alike, and numbers fit wherever nothing of them
// is lost but a float's last digits.
//
// What somebody has written in another type, a list where the struct has a
// string, becomes zero, or is left out of a map, and an error says where:
// [ErrMismatch]. The rest is read nevertheless. Reconcile leaves what couldn't be
// read as it is, unless it is to become something else.
func (m Map) Hydrate(v any) error {
	if err := m.s.unread(); err != nil {
		return err
	}
	return m.borrow(math.MaxInt, m.skipped(), func(s Snapshot) error { return hydrateInto(s, v) })
}

// skipped says which of the map's keys are not shown to Go's values.
func (m Map) skipped() func(key string) bool {
	if m.depth == 0 {
		return reserved
	}
	return nil
}

func hydrateInto(s Snapshot, v any) error {
	to := reflect.ValueOf(v)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return fmt.Errorf("%w: hydrate into a %T; want a pointer", ErrInvalid, v)
	}
	c, err := codecOf(to.Type().Elem())
	if err != nil {
		return err
	}
	return s.hydrate(c, to.Elem())
}

func (s Snapshot) hydrate(c codec, v reflect.Value) error {
	d, t := s.open()
	h := hydrator{decoder: d}
	h.path = h.few[:0]
	h.into(c, t, v)
	if err := h.end(); err != nil {
		return err
	}
	if h.mismatches > len(h.told) {
		h.told = append(h.told, fmt.Errorf("%w in %d more places", ErrMismatch, h.mismatches-len(h.told)))
	}
	return errors.Join(h.told...)
}

// hydrator reads a snapshot into values of Go, and remembers what doesn't fit.
type hydrator struct {
	decoder
	path       []step
	few        [4]step // of the path: most records are flat
	mismatches int
	told       []error // of the first ones
}

// step is a step of a path: a map's key or a list's index.
type step struct {
	key   string
	index int
}

func (h *hydrator) step(s step) { h.path = append(h.path, s) }

func (h *hydrator) unstep() { h.path = h.path[:len(h.path)-1] }

// into sets v to what a token says.
func (h *hydrator) into(c codec, t token, v reflect.Value) {
	switch {
	case t.kind == KindNull || t.kind == KindUnknown || t.kind == KindAbsent:
		v.SetZero()
	case !c.hydrate(h, t, v):
		v.SetZero()
		h.mismatch(t, v.Type())
	}
}

// mismatch passes over a token that doesn't fit a type.
func (h *hydrator) mismatch(t token, want reflect.Type) {
	h.mismatched(fmt.Errorf("%w: %s, want %s", ErrMismatch, t.kind, want))
	h.skip(t)
}

const maxTold = 16

func (h *hydrator) mismatched(err error) {
	h.mismatches++
	if len(h.told) == maxTold {
		return
	}
	for i := len(h.path) - 1; i >= 0; i-- {
		if s := h.path[i]; s.key != "" {
			err = at(s.key, err)
		} else {
			err = at(s.index, err)
		}
	}
	h.told = append(h.told, err)
}
