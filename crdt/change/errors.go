package change

import (
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// ErrInvalid is matched by every [InvalidError], with errors.Is.
var ErrInvalid = errors.New("change: invalid")

// Rule is the structural rule that a refused change breaks. The strings are
// stable; metrics may use them as a label.
type Rule string

// The rules, in the order in which they are checked.
const (
	RuleFrame     Rule = "frame"     // magic bytes, chunk type, length, nothing after the chunk
	RuleChecksum  Rule = "checksum"  // the first four bytes of the hash
	RuleInflate   Rule = "inflate"   // a compressed chunk's stream
	RuleLimit     Rule = "limit"     // one of this package's limits
	RuleHeader    Rule = "header"    // the fields before the columns
	RuleColumns   Rule = "columns"   // the column table
	RuleEncoding  Rule = "encoding"  // a column that can't be read, or isn't canonical
	RuleRows      Rule = "rows"      // columns of different length, or nulls where none may be
	RuleActor     Rule = "actor"     // an actor index out of range, or an actor named by none
	RuleCounter   Rule = "counter"   // an id that isn't smaller than the operation that names it
	RuleKey       Rule = "key"       // neither a map key nor an element, or both
	RuleValue     Rule = "value"     // a value that doesn't fit its type or its operation
	RulePred      Rule = "pred"      // predecessors out of order or repeated, a delete without any
	RuleOperation Rule = "operation" // fields that an operation of its kind can't have
)

// InvalidError says why a change was refused. It matches [ErrInvalid].
type InvalidError struct {
	Rule   Rule
	Detail string
	// Hash is the change's hash; zero if the chunk's frame is broken or its
	// checksum wrong, so that the bytes are no known change.
	Hash Hash
	// The rest of the header as far as it could be read, for the caller that
	// wants to refuse the change's descendants and its actor's later changes.
	Deps  []Hash
	Actor ActorID
	Seq   uint64
}

// Error describes the refusal without the bytes that caused it.
func (e *InvalidError) Error() string {
	if e.Hash == (Hash{}) {
		return fmt.Sprintf("change: invalid: %s: %s", e.Rule, e.Detail)
	}
	return fmt.Sprintf("change: %s invalid: %s: %s", e.Hash, e.Rule, e.Detail)
}

// Is makes every InvalidError match [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// A fault is a breach of a rule before it is known whose it is. Faults are
// constants of this package: finding one allocates nothing.
type fault struct {
	rule   Rule
	detail string
}

func (f *fault) Error() string { return "change: " + string(f.rule) + ": " + f.detail }

// invalid turns a fault into the error that callers see, with what c knows.
func invalid(err error, c *Change) *InvalidError {
	e := &InvalidError{Rule: RuleFrame, Detail: err.Error()}
	var f *fault
	var encoding column.Error
	switch {
	case errors.As(err, &f):
		e.Rule, e.Detail = f.rule, f.detail
	case errors.As(err, &encoding):
		e.Rule, e.Detail = ruleOf(encoding)
	}
	if c != nil {
		e.Hash, e.Deps, e.Actor, e.Seq = c.Hash, c.Deps, c.Actor, c.Seq
	}
	return e
}

// ruleOf tells which rule a column breaks.
func ruleOf(err column.Error) (Rule, string) {
	switch err {
	case column.ErrLongRun:
		return errManyOps.rule, errManyOps.detail
	case column.ErrValueText:
		return RuleValue, string(column.ErrText)
	case column.ErrValueSize, column.ErrValueLeb:
		return RuleValue, string(err)
	}
	return RuleEncoding, string(err)
}
