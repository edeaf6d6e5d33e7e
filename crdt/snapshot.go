package crdt

import (
	"bytes"
	"math"
	"sync"
)

// Snapshot is an encoded copy of what a map says. It can be stored, and read
// without the document by any number of goroutines at once. It holds what can be
// seen: no history, no marks, of a conflict the value that is shown.
//
// It is a version byte and one CBOR map (RFC 8949) of definite lengths, the keys
// ascending by their bytes. Integers, floats (of 64 bits), bytes, lists, maps,
// null and bools are what they are in CBOR; a string is a text. Tags 6 to 9 mark
// an immutable string, an unsigned integer, a counter, and a time in milliseconds
// since 1970; undefined is a value of a type that this version doesn't know.
type Snapshot []byte

const snapshotVersion = 1

// The tags of a snapshot. They take one byte, and nobody else uses them.
const (
	tagString  = 6
	tagUint    = 7
	tagCounter = 8
	tagTime    = 9
)

// Snapshot copies the map and what is in it, but for the keys of this very map
// that skip, if it isn't nil, names. The zero Map is copied as an empty one.
func (m Map) Snapshot(skip func(key string) bool) (Snapshot, error) {
	return m.SnapshotWithin(math.MaxInt, skip)
}

// SnapshotWithin is [Map.Snapshot], but returns nil if that has more bytes than the
// limit. To find that out costs no more than a snapshot of that size, and a look at
// all keys of the maps that it gets to.
func (m Map) SnapshotWithin(limit int, skip func(key string) bool) (copied Snapshot, err error) {
	if err := m.s.unread(); err != nil {
		return nil, err
	}
	err = m.borrow(limit, skip, func(s Snapshot) error {
		copied = bytes.Clone(s)
		return nil
	})
	return copied, err
}

// borrow calls fn with a snapshot that ends with it; nil if it exceeds the limit.
func (m Map) borrow(limit int, skip func(key string) bool, fn func(s Snapshot) error) error {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	e := encoder{s: m.s, limit: limit, b: append((*buffer)[:0], snapshotVersion)}
	e.encodeMap(m, skip)
	*buffer = e.b
	switch {
	case m.s != nil && m.s.failure != nil:
		return m.s.failure
	case e.exceeds(0):
		return fn(nil)
	}
	return fn(e.b)
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Lookup returns what stands under keys of maps in each other, as [Value.Any]
// does, and whether something is there. No path leads to the whole.
func (s Snapshot) Lookup(path ...string) (any, bool) {
	d, t := s.open()
	for _, key := range path {
		if t = d.find(t, key); t.kind == KindAbsent {
			return nil, false
		}
	}
	if v := d.any(t); d.err == nil {
		return v, true
	}
	return nil, false
}

// Any returns the whole, as [Map.Any] does; nil if the snapshot is damaged.
func (s Snapshot) Any() map[string]any {
	d, t := s.open()
	if all := d.anyMap(t); d.end() == nil {
		return all
	}
	return nil
}

// Hydrate reads the snapshot into what v points to, as [Map.Hydrate] does. It
// returns [ErrDamaged] if the bytes are no snapshot; v is not to be used then.
func (s Snapshot) Hydrate(v any) error { return hydrateInto(s, v) }

// open returns a decoder and the head of the whole.
func (s Snapshot) open() (decoder, token) {
	if len(s) == 0 || s[0] != snapshotVersion {
		return decoder{err: ErrDamaged}, token{}
	}
	d := decoder{data: s, at: 1}
	t := d.next()
	if t.kind != KindMap {
		return decoder{err: ErrDamaged}, token{}
	}
	return d, t
}
