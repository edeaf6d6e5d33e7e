package crdt

import (
	"encoding/base64"
	"math"
	"slices"
	"time"
)

// Reconcile makes the map equal to want with few operations: keys that are not
// in want are deleted, lists are aligned, texts are edited letter by letter,
// counters incremented. What is equal already is left alone.
//
// Want may come from edited JSON, decoded with [encoding/json.Number] or
// without: what stands in the document says how to read a value. Where a time
// stands, a string in RFC 3339 is a time; where bytes stand, one in base64 is
// bytes; where a number of some type stands, a number is of that type, if it
// can be. What [Value.MarshalJSON] printed is the value itself. A value that is
// new is written as [Map.Set] would.
func (m Map) Reconcile(want map[string]any) error {
	if err := m.s.writable(); err != nil {
		return err
	}
	n, err := prepare(want)
	if err != nil {
		return err
	}
	return m.reconcile(n)
}

func (m Map) reconcile(n node) error {
	entries := m.entries()
	for len(entries) > 0 || len(n.fields) > 0 { // both ascend by key
		var err error
		switch {
		case len(n.fields) == 0 || len(entries) > 0 && entries[0].key < n.fields[0].key:
			err = m.s.did(m.object.delete(entries[0].key))
			entries = entries[1:]
		case len(entries) == 0 || entries[0].key > n.fields[0].key:
			err = m.reconcileSlot(slot{m: m.object, key: n.fields[0].key}, item{}, n.fields[0].node)
			err = at(n.fields[0].key, err)
			n.fields = n.fields[1:]
		default:
			err = m.reconcileSlot(slot{m: m.object, key: entries[0].key}, entries[0].item, n.fields[0].node)
			err = at(entries[0].key, err)
			entries, n.fields = entries[1:], n.fields[1:]
		}
		if err != nil {
			return err
		}
	}
	return m.s.failure
}

// reconcileSlot brings what is in a slot of the container at p to what a node
// says.
func (p place) reconcileSlot(to slot, there item, n node) error {
	switch {
	case there.kind == KindMap && n.kind == KindMap:
		return p.value(there).Map().reconcile(n)
	case there.kind == KindList && n.kind == KindList:
		return p.value(there).List().reconcile(n)
	}
	if n, changed := readAs(there, n); changed {
		return p.replace(to, there, n)
	}
	return nil
}

// readAs reads a node as one of the kind that stands there, if it can be, and
// reports whether it says anything new.
func readAs(there item, n node) (node, bool) {
	if printed(there, n) {
		return n, false
	}
	if s, ok := n.data.(string); ok {
		return readString(there, s, n), true
	}
	if n.exact {
		return n, true
	}
	return readNumber(there, n)
}

// printed reports whether a node is how JSON shows what stands there.
func printed(there item, n node) bool {
	switch there.kind {
	case KindTime, KindFloat:
		return n.kind == KindText && plain(there.data) == n.data
	case KindBytes:
		return n.kind == KindText && base64.StdEncoding.EncodeToString(there.data.([]byte)) == n.data
	case KindUnknown:
		return n.kind == KindNull
	default:
		return false
	}
}

func readString(there item, s string, n node) node {
	switch there.kind {
	case KindTime:
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			n.item = item{KindTime, time.UnixMilli(t.UnixMilli()).UTC()}
		}
	case KindBytes:
		// The decoder passes over line breaks, which are a text's own.
		if b, err := base64.StdEncoding.DecodeString(s); err == nil && base64.StdEncoding.EncodeToString(b) == s {
			n.item = item{KindBytes, b}
		}
	case KindText, KindString:
		n.kind = there.kind
	}
	return n
}

// readNumber also reports whether the number is another one. A float64 that is
// as near as one can be to a large integer comes from JSON and means just that.
func readNumber(there item, n node) (node, bool) {
	was, number := floatOf(there)
	f, isFloat := n.data.(float64)
	switch {
	case !number:
		return n, true
	case isFloat && f == was:
		return n, false
	case isFloat && there.kind != KindFloat:
		i, ok := integer(f)
		if !ok {
			return n, true
		}
		n.item = item{KindInt, i}
	}
	n.item = asKind(there.kind, n.item)
	return n, true
}

func floatOf(it item) (float64, bool) {
	switch v := it.data.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case Counter:
		return float64(v), true
	}
	return 0, false
}

// asKind turns a number into one of another kind, if nothing of it is lost.
func asKind(kind Kind, it item) item {
	i, isInt := it.data.(int64)
	switch {
	case !isInt:
	case kind == KindUint && i >= 0:
		return item{KindUint, uint64(i)}
	case kind == KindCounter:
		return item{KindCounter, Counter(i)}
	case kind == KindFloat && math.Abs(float64(i)) <= maxSafeInteger:
		return item{KindFloat, float64(i)}
	}
	return it
}

// reconcile aligns the list with a node's items by what JSON shows of both.
func (l List) reconcile(n node) error {
	if l.tooDeep() {
		return l.s.failure
	}
	items := l.items()
	known := numbers{}
	a, b := make([]int, len(items)), make([]int, len(n.items))
	for i, it := range items {
		a[i] = known.of(shown(l.value(it).Any()))
	}
	for i, child := range n.items {
		b[i] = known.of(shown(child.any()))
	}
	if l.s.failure != nil {
		return l.s.failure
	}
	return l.rewrite(items, n.items, pairs(a, b, func(i, j int) bool {
		return alike(l.value(items[i]), n.items[j])
	}))
}

// pair says that element i of a list becomes element j of what is wanted; an i
// of -1 that j is new, a j of -1 that i goes.
type pair struct{ i, j int }

// pairs aligns two lists. Between what is equal, elements that are alike are
// taken for one that was edited.
func pairs(a, b []int, alike func(i, j int) bool) []pair {
	hunks, _ := align(a, b)
	var out []pair
	i, j := 0, 0
	for _, h := range append(hunks, hunk{len(a), len(a), len(b), len(b)}) {
		for ; i < h.a0; i, j = i+1, j+1 {
			out = append(out, pair{i, j})
		}
		for ; i < h.a1 && j < h.b1; i, j = i+1, j+1 {
			switch lead := h.a1 - i - (h.b1 - j); {
			case alike(i, j) || lead == 0:
				out = append(out, pair{i, j})
			case lead > 0: // more stand there than are wanted: this one goes
				out = append(out, pair{i, -1})
				j--
			default:
				out = append(out, pair{-1, j})
				i--
			}
		}
		for ; i < h.a1; i++ {
			out = append(out, pair{i, -1})
		}
		for ; j < h.b1; j++ {
			out = append(out, pair{-1, j})
		}
	}
	return out
}

// alike reports whether a value looks like an earlier form of a node: two maps
// of which at least half the fields are equal, or two values that are no maps
// but of one sort.
func alike(v Value, n node) bool {
	if v.Kind() != KindMap || n.kind != KindMap {
		return v.Kind() == n.kind
	}
	equal := 0
	for _, f := range n.fields {
		if there := v.Map().Get(f.key); there.Exists() && shown(there.Any()) == shown(f.any()) {
			equal++
		}
	}
	return 2*equal >= max(len(n.fields), 1)
}

// rewrite carries out what pairs say, from the end, so that indices stay right.
func (l List) rewrite(items []item, want []node, all []pair) error {
	i := len(items)
	for _, p := range slices.Backward(all) {
		var err error
		switch {
		case p.j < 0:
			i = p.i
			err = l.s.did(l.object.delete(i, 1))
		case p.i < 0:
			if err = l.fits(want[p.j]); err == nil {
				err = l.insert(l.object, i, want[p.j:p.j+1])
			}
		default:
			i = p.i
			err = l.reconcileSlot(slot{l: l.object, i: i}, items[i], want[p.j])
		}
		if err != nil {
			return at(max(p.j, 0), err)
		}
	}
	return l.s.failure
}

// any returns the value that was prepared.
func (n node) any() any {
	switch n.kind {
	case KindMap:
		out := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			out[f.key] = f.any()
		}
		return out
	case KindList:
		out := make([]any, len(n.items))
		for i, child := range n.items {
			out[i] = child.any()
		}
		return out
	default:
		return n.data
	}
}
