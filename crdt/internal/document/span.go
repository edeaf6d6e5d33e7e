package document

import "github.com/godwit-sync/godwit/crdt/change"

// ID names an operation, its actor by index. The zero ID names the root
// object, or the head of a list.
type ID struct {
	Counter uint32 // 1 … change.MaxCounter, unless the ID is zero
	Actor   uint32
}

// IsZero reports whether id is the root or a head.
func (id ID) IsZero() bool { return id.Counter == 0 }

// Span is rows of operations next to each other that differ by steps only.
type Span struct {
	Rows int // ≥ 1

	Obj ID // zero for the root
	// The rows are of the elements Elem, Elem+ElemStep, … if InList is set,
	// otherwise all of the key Name. The zero Elem is the head.
	InList   bool
	Name     []byte
	Elem     ID
	ElemStep int64
	ID       ID // of the first row; the others' are IDStep apart
	IDStep   int64

	Insert bool
	Action change.Action
	// Kind and Size are each value's type and its length in bytes.
	Kind change.ValueType
	Size int
	// Succs is each row's number of successors.
	Succs int
	// Expand and Mark belong to ActionMark; the end of a mark has no name.
	Expand bool
	Marked bool // there is a Mark
	Mark   []byte
}

// check refuses what no change could have brought: crdt/change refuses it, too.
func (s *Span) check() error {
	switch {
	case s.Action == change.ActionDelete:
		return errDelete
	case s.Action == change.ActionIncrement && s.Kind != change.ValueInt && s.Kind != change.ValueUint:
		return errIncrement
	}
	return nil
}

// IDs is an arithmetic progression of counters of one actor.
type IDs struct {
	Count int
	First ID
	Step  int64
}

// Op is one row.
type Op struct {
	ID     ID
	Obj    ID // zero for the root
	Key    Key
	Insert bool // a new element after Key, instead of one at Key
	Action change.Action
	Value  change.Value
	Succ   []ID // what replaced it, increased it or deleted it; ascending
	// Expand, Marked and Mark are as in [Span].
	Expand bool
	Marked bool
	Mark   string
}

// Key is a place in an object.
type Key struct {
	Name   string
	Elem   ID // the zero ID is the head
	InList bool
}
