//go:build cgo && !android && (linux || darwin) && (amd64 || arm64)

package crdt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/automerge/automerge-go"
)

type (
	referenceMap  struct{ m *automerge.Map }
	referenceList struct{ l *automerge.List }
	referenceText struct{ t *automerge.Text }
)

func (r referenceMap) get(key string) (_ item, err error) {
	defer rescue(&err)
	v, err := r.m.Get(key)
	if err != nil {
		return item{}, err
	}
	return readItem(v)
}

func (r referenceMap) all() (_ []entry, err error) {
	defer rescue(&err)
	values, err := r.m.Values()
	if err != nil {
		return nil, err
	}
	entries := make([]entry, 0, len(values))
	for key, v := range values {
		it, err := readItem(v)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{key, it})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return entries, nil
}

func (r referenceMap) len() (_ int, err error) {
	defer rescue(&err)
	return r.m.Len(), nil
}

func (r referenceMap) put(key string, scalar item) (err error) {
	defer rescue(&err)
	return r.m.Set(key, writeScalar(scalar))
}

func (r referenceMap) putObject(key string, kind Kind) (_ item, err error) {
	defer rescue(&err)
	it, object, err := newObject(kind)
	if err != nil {
		return item{}, err
	}
	return it, r.m.Set(key, object)
}

func (r referenceMap) increment(key string, by int64) (err error) {
	defer rescue(&err)
	v, err := r.m.Get(key)
	if err != nil {
		return err
	}
	return v.Counter().Inc(by)
}

func (r referenceMap) delete(key string) (err error) {
	defer rescue(&err)
	return r.m.Delete(key)
}

func (r referenceList) get(i int) (_ item, err error) {
	defer rescue(&err)
	v, err := r.l.Get(i)
	if err != nil {
		return item{}, err
	}
	return readItem(v)
}

func (r referenceList) all() (_ []item, err error) {
	defer rescue(&err)
	values, err := r.l.Values()
	if err != nil {
		return nil, err
	}
	items := make([]item, len(values))
	for i, v := range values {
		if items[i], err = readItem(v); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (r referenceList) len() (_ int, err error) {
	defer rescue(&err)
	return r.l.Len(), nil
}

func (r referenceList) put(i int, scalar item) (err error) {
	defer rescue(&err)
	return r.l.Set(i, writeScalar(scalar))
}

func (r referenceList) insert(i int, scalars []item) (err error) {
	defer rescue(&err)
	values := make([]any, len(scalars))
	for j, scalar := range scalars {
		values[j] = writeScalar(scalar)
	}
	return r.l.Insert(i, values...)
}

func (r referenceList) putObject(i int, insert bool, kind Kind) (_ item, err error) {
	defer rescue(&err)
	it, object, err := newObject(kind)
	if err != nil {
		return item{}, err
	}
	if insert {
		return it, r.l.Insert(i, object)
	}
	return it, r.l.Set(i, object)
}

func (r referenceList) increment(i int, by int64) (err error) {
	defer rescue(&err)
	v, err := r.l.Get(i)
	if err != nil {
		return err
	}
	return v.Counter().Inc(by)
}

func (r referenceList) delete(i, n int) (err error) {
	defer rescue(&err)
	for range n {
		if err := r.l.Delete(i); err != nil {
			return err
		}
	}
	return nil
}

func (r referenceText) appendTo(b []byte) (_ []byte, err error) {
	defer rescue(&err)
	text, err := r.t.Get()
	return append(b, text...), err
}

func (r referenceText) len(Unit) (_ int, err error) {
	defer rescue(&err)
	return r.t.Len(), nil
}

func (r referenceText) splice(_ Unit, pos, del int, insert string) (err error) {
	defer rescue(&err)
	return r.t.Splice(pos, del, insert)
}

// newObject returns an empty container as we see it and as the binding does:
// writing it to the document attaches both.
func newObject(kind Kind) (item, any, error) {
	switch kind {
	case KindMap:
		m := automerge.NewMap()
		return item{kind, referenceMap{m}}, m, nil
	case KindList:
		l := automerge.NewList()
		return item{kind, referenceList{l}}, l, nil
	case KindText:
		t := automerge.NewText("")
		return item{kind, referenceText{t}}, t, nil
	default:
		return item{}, nil, fmt.Errorf("%w: %s is no container", ErrInvalid, kind)
	}
}

func readItem(v *automerge.Value) (item, error) {
	switch v.Kind() {
	case automerge.KindVoid:
		return item{}, nil
	case automerge.KindNull:
		return item{kind: KindNull}, nil
	case automerge.KindBool:
		return item{KindBool, v.Bool()}, nil
	case automerge.KindInt64:
		return item{KindInt, v.Int64()}, nil
	case automerge.KindUint64:
		return item{KindUint, v.Uint64()}, nil
	case automerge.KindFloat64:
		return item{KindFloat, v.Float64()}, nil
	case automerge.KindStr:
		return item{KindString, v.Str()}, nil
	case automerge.KindBytes:
		return item{KindBytes, v.Bytes()}, nil
	case automerge.KindTime:
		return item{KindTime, v.Time().UTC()}, nil
	case automerge.KindCounter:
		n, err := v.Counter().Get()
		return item{KindCounter, Counter(n)}, err
	case automerge.KindMap:
		return item{KindMap, referenceMap{v.Map()}}, nil
	case automerge.KindList:
		return item{KindList, referenceList{v.List()}}, nil
	case automerge.KindText:
		return item{KindText, referenceText{v.Text()}}, nil
	default:
		return item{kind: KindUnknown}, nil
	}
}

// writeScalar returns what the binding writes as a scalar of that kind.
func writeScalar(scalar item) any {
	if n, ok := scalar.data.(Counter); ok {
		return automerge.NewCounter(int64(n))
	}
	return scalar.data
}
