package opset

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// Object is a map, list or text of a document.
type Object struct {
	ID   ID
	Kind change.Action // one of those that make objects; tables are read as maps

	parent *Object
	key    string // in the parent, if that is a map
	elem   ID     // in the parent, if that is a sequence

	entries []*entry
	byKey   map[string]*entry        // once there are many
	inOrder atomic.Pointer[[]*entry] // the many entries by their keys, once somebody has listed them
	unused  int                      // that were dropped, about

	seq   *sequence.Sequence
	cells []slot // of the sequence; the first is none
	marks int    // beginnings and ends of marks in it

	places atomic.Pointer[places] // once somebody has asked; writers change it in place

	set *Set
}

// entry is a key of a map.
type entry struct {
	key string
	slot
}

// manyKeys is from how many keys on a map has an index.
const manyKeys = 16

// Set returns the document that the object is in.
func (o *Object) Set() *Set { return o.set }

// IsMap reports whether the object has keys.
func (o *Object) IsMap() bool {
	return o.Kind == change.ActionMakeMap || o.Kind == change.ActionMakeTable
}

// IsText reports whether the object is a text.
func (o *Object) IsText() bool { return o.Kind == change.ActionMakeText }

func newObject(id ID, kind change.Action, s *Set) *Object {
	o := &Object{ID: id, Kind: kind, set: s}
	if !o.IsMap() {
		o.seq = sequence.New(&s.actors)
		o.cells = make([]slot, 1)
	}
	return o
}

// entry returns the slot of a key, or nil.
func (o *Object) entry(key string) *entry {
	if o.byKey != nil {
		return o.byKey[key]
	}
	if i, ok := o.searchKey(key); ok {
		return o.entries[i]
	}
	return nil
}

func (o *Object) searchKey(key string) (int, bool) {
	return slices.BinarySearchFunc(o.entries, key, func(e *entry, key string) int { return strings.Compare(e.key, key) })
}

// makeEntry returns the slot of a key, and makes it if need be.
func (o *Object) makeEntry(key string) *entry {
	if e := o.entry(key); e != nil {
		return e
	}
	e := &struct { // together, as most keys have one operation
		entry
		op [1]Op
	}{entry: entry{key: key}}
	e.few = e.op[:0]
	o.addEntry(&e.entry)
	return &e.entry
}

// addEntry adds a new key.
func (o *Object) addEntry(e *entry) {
	if o.byKey != nil {
		o.entries = append(o.entries, e)
		o.byKey[e.key] = e
		o.inOrder.Store(nil)
		return
	}
	if o.entries == nil {
		o.entries = make([]*entry, 0, manyKeys/4)
	}
	i, _ := o.searchKey(e.key)
	if o.entries = slices.Insert(o.entries, i, e); len(o.entries) > manyKeys {
		o.byKey = make(map[string]*entry, 2*len(o.entries))
		for _, e := range o.entries {
			o.byKey[e.key] = e
		}
	}
}

// ordered returns the entries in the order of their keys. Readers, who may be
// many at once, leave the object as it is, but for what they remember together.
func (o *Object) ordered() []*entry {
	if o.byKey == nil {
		return o.entries
	}
	if sorted := o.inOrder.Load(); sorted != nil {
		return *sorted
	}
	sorted := slices.SortedFunc(slices.Values(o.entries), func(a, b *entry) int { return strings.Compare(a.key, b.key) })
	o.inOrder.Store(&sorted)
	return sorted
}

// dropEntry forgets a key that never had an operation, once there are as many
// of them as others: until then it reads as absent.
func (o *Object) dropEntry(key string) {
	if e := o.entry(key); e == nil || !e.unused() {
		return
	}
	if o.unused++; 2*o.unused < len(o.entries) {
		return
	}
	for _, e := range o.entries {
		if e.unused() {
			delete(o.byKey, e.key)
		}
	}
	o.entries, o.unused = slices.DeleteFunc(o.entries, (*entry).unused), 0
	o.inOrder.Store(nil)
}

func (e *entry) unused() bool { return e.len() == 0 }

// cell returns the slot of an element, and makes it one if the sequence holds
// it as a plain value; nil if there is no such element.
func (o *Object) cell(id ID) *slot {
	e, err := o.seq.Element(id)
	if err != nil {
		return nil
	}
	if e.Kind == sequence.Cell {
		return &o.cells[e.Cell]
	}
	op := Op{ID: id, Action: change.ActionSet, Value: valueOf(e)}
	number := int32(len(o.cells))
	width, _ := o.width(op.Value)
	_, deaths, err := o.seq.MakeCell(id, number, e.Visible, width)
	if err != nil {
		return nil
	}
	op.came(deaths)
	o.cells = append(o.cells, slot{few: []Op{op}})
	return &o.cells[number]
}

// dropCell forgets what an element holds that is about to be taken back, if it
// is a cell. The latest cells are forgotten altogether.
func (o *Object) dropCell(id ID) {
	e, err := o.seq.Element(id)
	if err != nil || e.Kind != sequence.Cell {
		return
	}
	o.cells[e.Cell] = slot{}
	for last := len(o.cells) - 1; last > 0 && o.cells[last].len() == 0; last-- {
		o.cells = o.cells[:last]
	}
}

// refreshCell tells the sequence what a cell has become.
func (o *Object) refreshCell(id ID, s *slot) {
	visible, width := o.shown(s)
	_ = o.seq.SetCell(id, visible, width) // it is there
}

// shown says whether a cell is visible and how wide.
func (o *Object) shown(s *slot) (bool, sequence.Width) {
	w := s.winner()
	if w == nil {
		return false, sequence.Width{}
	}
	return true, o.widthOf(w)
}

// widthOf returns how wide a cell's value is.
func (o *Object) widthOf(op *Op) sequence.Width {
	v := op.Value
	if op.Action != change.ActionSet { // whatever an object was made with
		v = change.Value{}
	}
	width, _ := o.width(v)
	return width
}

// placeholder is what stands in a text for what is no text.
const placeholder = "\ufffc"

// width returns how wide a value is in the object, and whether it is a single
// code point of a text.
func (o *Object) width(v change.Value) (sequence.Width, bool) {
	switch {
	case !o.IsText():
		return sequence.Width{1, 1, 1}, false
	case v.Type == change.ValueText:
		w := sequence.TextWidth(v.Raw)
		return w, w[sequence.Points] == 1
	}
	return sequence.TextWidth(placeholder), false
}

// valueOf returns the scalar that a sequence holds for an element.
func valueOf(e sequence.Element) change.Value {
	if e.Kind == sequence.Text {
		return change.Value{Type: change.ValueText, Raw: e.Content}
	}
	return decode(e.Content)
}

func decode(content []byte) change.Value {
	meta, raw := sequence.Value(content)
	return change.Value{Type: change.ValueType(meta & 15), Raw: raw}
}
