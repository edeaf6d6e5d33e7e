package opset

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// Errors of writing.
var (
	ErrRange    = errors.New("opset: no such position")
	ErrKind     = errors.New("opset: an object of another kind")
	ErrCounter  = errors.New("opset: no counter stands there")
	ErrTooLarge = errors.New("opset: operation counters are used up")
)

// write is one operation of a transaction, or several: letters that were
// inserted one after the other, equal values that were, or deletions of elements
// of which each was the next operation.
type write struct {
	target
	id     ID
	n      int32 // operations
	held   int32 // bytes that the sequence held before, if it inserts
	insert bool
	action change.Action
	value  change.Value
	text   []byte // letters
	pred   []ID
	mark   *mark
	run    bool // letters, or deletions that have their elements as predecessors
}

// Put writes a scalar under a key, unless it stands there already.
func (s *Set) Put(o *Object, key string, v change.Value) error {
	if !o.IsMap() {
		return ErrKind
	}
	return s.put(target{object: o, key: key}, v)
}

// PutAt writes a scalar over an element of a list.
func (s *Set) PutAt(o *Object, index int, v change.Value) error {
	t, err := s.element(o, index)
	if err != nil {
		return err
	}
	return s.put(t, v)
}

func (s *Set) put(t target, v change.Value) error {
	slot := s.slot(t)
	if w := slot.winner(); w != nil && w.stands(v) {
		return s.settle(t, slot, w)
	}
	return s.overwriteHere(t, slot, write{action: change.ActionSet, value: v, pred: slot.ids()})
}

// settle takes out what is in conflict with the winner of a slot.
func (s *Set) settle(t target, slot *slot, winner *Op) error {
	losers := slices.DeleteFunc(slot.ids(), func(id ID) bool { return id == winner.ID })
	if len(losers) == 0 {
		return nil
	}
	return s.overwriteHere(t, slot, write{action: change.ActionDelete, pred: losers})
}

// Settle takes out what is in conflict with the value that stands under a key. It
// does nothing if nothing is.
func (s *Set) Settle(o *Object, key string) error {
	if !o.IsMap() {
		return ErrKind
	}
	e := o.entry(key)
	if e == nil || e.lives() < 2 {
		return nil
	}
	return s.settle(target{object: o, key: key}, &e.slot, e.winner())
}

// SettleAt is Settle for an element of a list.
func (s *Set) SettleAt(o *Object, index int) error {
	t, err := s.element(o, index)
	if err != nil {
		return err
	}
	e := o.seq.At(sequence.Points, int32(index))
	if e.Kind != sequence.Cell || o.cells[e.Cell].lives() < 2 {
		return nil
	}
	slot := s.slot(t)
	return s.settle(t, slot, slot.winner())
}

// stands reports whether the operation's value is already the given one.
func (o *Op) stands(v change.Value) bool {
	switch {
	case o.Action != change.ActionSet || o.Value.Type != v.Type:
		return false
	case v.Type == change.ValueCounter:
		return o.Counter() == v.Int()
	case v.Type == change.ValueFloat:
		return o.Value.Float() == v.Float()
	}
	return string(o.Value.Raw) == string(v.Raw)
}

// PutObject makes an object under a key.
func (s *Set) PutObject(o *Object, key string, kind change.Action) (*Object, error) {
	if !o.IsMap() {
		return nil, ErrKind
	}
	return s.putObject(target{object: o, key: key}, kind)
}

// PutObjectAt makes an object over an element of a list.
func (s *Set) PutObjectAt(o *Object, index int, kind change.Action) (*Object, error) {
	t, err := s.element(o, index)
	if err != nil {
		return nil, err
	}
	return s.putObject(t, kind)
}

func (s *Set) putObject(t target, kind change.Action) (*Object, error) {
	slot := s.slot(t)
	if err := s.overwriteHere(t, slot, write{action: kind, pred: slot.ids()}); err != nil {
		return nil, err
	}
	return s.objects[s.pending[len(s.pending)-1].id], nil
}

// Delete deletes a key; one that isn't there is left so.
func (s *Set) Delete(o *Object, key string) error {
	if !o.IsMap() {
		return ErrKind
	}
	e := o.entry(key)
	if e == nil {
		return nil
	}
	pred := e.ids()
	if len(pred) == 0 {
		return nil
	}
	return s.overwriteHere(target{object: o, key: key}, &e.slot, write{action: change.ActionDelete, pred: pred})
}

// Increment adds to a counter under a key.
func (s *Set) Increment(o *Object, key string, by int64) error {
	if !o.IsMap() {
		return ErrKind
	}
	return s.increment(target{object: o, key: key}, by)
}

// IncrementAt adds to a counter in a list.
func (s *Set) IncrementAt(o *Object, index int, by int64) error {
	t, err := s.element(o, index)
	if err != nil {
		return err
	}
	return s.increment(t, by)
}

func (s *Set) increment(t target, by int64) error {
	slot := s.slot(t)
	if !slot.counts() {
		return ErrCounter
	}
	return s.overwriteHere(t, slot, write{action: change.ActionIncrement, value: change.Int(by), pred: slot.ids()})
}

// overwriteHere makes an operation in a slot.
func (s *Set) overwriteHere(t target, slot *slot, w write) error {
	w.target, w.n = t, 1
	if err := s.note(&w); err != nil {
		return err
	}
	s.touchSlot(t, slot, w.action)
	increment := w.action == change.ActionIncrement
	for _, pred := range w.pred {
		s.actors.succeed(slot, pred, w.id, increment, w.value.Int())
	}
	if w.action != change.ActionDelete {
		o := Op{ID: w.id, Action: w.action, Value: w.value}
		if makes(w.action) {
			o.Object = s.addObject(w.id, w.action, t.object, t.key, t.elem)
		}
		s.actors.put(slot, o)
		t.object.place(w.id, t)
	}
	t.changed(slot)
	return nil
}

// note gives operations their ids and makes them part of the transaction.
func (s *Set) note(w *write) error {
	if uint64(s.maxOp)+uint64(w.n) > change.MaxCounter {
		return ErrTooLarge
	}
	if !s.fits(len(w.text)+len(w.value.Raw), 1) {
		return ErrFull
	}
	s.begin()
	if len(s.pending) == 0 {
		s.opened = s.maxOp + 1
	}
	w.id = ID{Counter: s.maxOp + 1, Actor: s.self}
	s.maxOp += uint32(w.n)
	if w.insert {
		w.held = int32(w.object.seq.Size())
	}
	s.pending = append(s.pending, *w)
	return nil
}

// element returns the target of a visible element.
func (s *Set) element(o *Object, index int) (target, error) {
	switch {
	case o.IsMap():
		return target{}, ErrKind
	case index < 0 || index >= int(o.seq.Width()[sequence.Points]):
		return target{}, fmt.Errorf("%w: %d", ErrRange, index)
	}
	return target{object: o, elem: o.seq.At(sequence.Points, int32(index)).ID}, nil
}

// Insert inserts scalars into a sequence, before the element at an index or at
// the end.
func (s *Set) Insert(o *Object, u sequence.Unit, index int, values ...change.Value) error {
	ref, err := s.before(o, u, index)
	for _, v := range values {
		if err != nil {
			return err
		}
		ref, err = s.insertAfter(o, ref, write{action: change.ActionSet, value: v})
	}
	return err
}

// InsertObject inserts a new object into a sequence.
func (s *Set) InsertObject(o *Object, u sequence.Unit, index int, kind change.Action) (*Object, error) {
	ref, err := s.before(o, u, index)
	if err != nil {
		return nil, err
	}
	id, err := s.insertAfter(o, ref, write{action: kind})
	return s.objects[id], err
}

// insertAfter inserts an element behind another.
func (s *Set) insertAfter(o *Object, ref ID, w write) (ID, error) {
	w.target, w.n, w.insert = target{object: o, elem: ref}, 1, true
	if err := s.note(&w); err != nil {
		return ID{}, err
	}
	s.gather()
	op := Op{ID: w.id, Action: w.action, Value: w.value, mark: w.mark}
	if makes(w.action) {
		op.Object = s.addObject(w.id, w.action, o, "", w.id)
	}
	return w.id, s.insert(w.target, op)
}

// gather makes the latest write part of the one before it, if it inserts the
// same value behind that.
func (s *Set) gather() {
	last := len(s.pending) - 1
	if last < 1 {
		return
	}
	a, b := &s.pending[last-1], &s.pending[last]
	same := a.object == b.object && a.insert && !a.run && b.elem == a.id.Plus(a.n-1) &&
		a.action == change.ActionSet && b.action == change.ActionSet && a.value.Type == b.value.Type
	if same && len(a.value.Raw) == 0 && len(b.value.Raw) == 0 {
		a.n++
		s.pending = s.pending[:last]
	}
}

// before returns the element after which something is inserted that is to stand
// at a position.
func (s *Set) before(o *Object, u sequence.Unit, index int) (ID, error) {
	switch {
	case o.IsMap():
		return ID{}, ErrKind
	case index < 0 || index > int(o.seq.Width()[u]):
		return ID{}, fmt.Errorf("%w: %d", ErrRange, index)
	}
	ref := o.covers(u, index)
	if o.marks > 0 {
		ref = o.beyondMarks(ref)
	}
	return ref, nil
}

// Splice replaces del units of a text, from a position on, by other text. A
// position within an element is taken for its end.
func (s *Set) Splice(o *Object, u sequence.Unit, pos, del int, text string) error {
	ref, err := s.before(o, u, pos)
	switch {
	case err != nil:
		return err
	case !o.IsText():
		return ErrKind
	case del < 0:
		return fmt.Errorf("%w: delete %d", ErrRange, del)
	}
	if text != "" {
		w := write{target: target{object: o, elem: ref}, insert: true, action: change.ActionSet, run: true, text: s.keep(text)}
		w.n = int32(utf8.RuneCountInString(text))
		if err := s.note(&w); err != nil {
			return err
		}
		s.touchRun(o, w.id, w.n, w.action)
		if err := o.seq.InsertText(w.id, ref, w.text); err != nil || del == 0 {
			return err
		}
		after, err := o.seq.Position(w.id.Plus(w.n - 1))
		if err != nil {
			return err
		}
		pos = int(after[u]) + lastWidth(w.text, u)
	}
	return s.deleteFrom(o, u, pos, del)
}

// keep copies letters into the memory of the transaction.
func (s *Set) keep(letters string) []byte {
	s.begin()
	x := s.scratch
	at := len(x.letters)
	x.letters = append(x.letters, letters...)
	return x.letters[at:]
}

// lastWidth measures a text's last code point.
func lastWidth(text []byte, u sequence.Unit) int {
	i := len(text) - 1
	for text[i]&0xc0 == 0x80 {
		i--
	}
	return int(sequence.TextWidth(text[i:])[u])
}

// DeleteAt deletes n elements of a list, from an index on.
func (s *Set) DeleteAt(o *Object, index, n int) error {
	if o.IsMap() {
		return ErrKind
	}
	if index < 0 || n < 0 || index+n > int(o.seq.Width()[sequence.Points]) {
		return fmt.Errorf("%w: %d elements at %d", ErrRange, n, index)
	}
	return s.deleteFrom(o, sequence.Points, index, n)
}

// deleteFrom deletes elements until del units are gone, or all that there is.
func (s *Set) deleteFrom(o *Object, u sequence.Unit, pos, del int) error {
	for del > 0 && pos < int(o.seq.Width()[u]) {
		e, n := o.seq.Run(u, int32(pos))
		if e.Within > 0 {
			pos += int(e.Width[u] - e.Within)
			continue
		}
		if e.Kind == sequence.Cell {
			slot := &o.cells[e.Cell]
			w := write{action: change.ActionDelete, pred: slot.ids()}
			if err := s.overwriteHere(target{object: o, elem: e.ID}, slot, w); err != nil {
				return err
			}
			del -= int(e.Width[u])
			continue
		}
		n = int32(min(int(n), del))
		w := write{target: target{object: o, elem: e.ID}, n: n, action: change.ActionDelete, run: true}
		if err := s.note(&w); err != nil {
			return err
		}
		s.touchRun(o, e.ID, n, w.action)
		if _, err := o.seq.Delete(e.ID, n, sequence.Tomb{By: w.id, Step: 1}); err != nil {
			return err
		}
		del -= int(n * e.Width[u])
	}
	return nil
}

// Rollback takes back what was written since the last commit.
func (s *Set) Rollback() {
	for i := len(s.pending) - 1; i >= 0; i-- {
		s.undo(&s.pending[i])
	}
	for i := range s.pending {
		w := &s.pending[i]
		if w.insert {
			w.object.seq.Remove(s.self, s.opened, int(w.held))
		}
	}
	if len(s.pending) > 0 {
		s.maxOp = s.opened - 1
	}
	s.touched.forget()
	s.forget()
}

func (s *Set) undo(w *write) {
	delete(s.objects, w.id)
	switch {
	case w.insert:
		if w.action == change.ActionMark {
			w.object.marks--
		}
		w.object.dropCell(w.id)
		return // all insertions are removed at once
	case w.run:
		_ = w.object.seq.Restore(w.elem, w.n, sequence.Tomb{By: w.id, Step: 1})
		return
	}
	slot := s.slot(w.target)
	s.actors.remove(slot, w.id)
	w.object.unplace(w.id)
	for _, pred := range w.pred {
		s.actors.revive(slot, pred, w.action == change.ActionIncrement, w.value.Int())
	}
	w.changed(slot)
	if w.object.IsMap() {
		w.object.dropEntry(w.key)
	}
}
