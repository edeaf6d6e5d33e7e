package graph

import "errors"

// Why [Graph.Stage] did not take a change. All but ErrKnown and ErrMissing say
// that the change is never to be had.
var (
	// ErrKnown: the graph has the change already.
	ErrKnown = errors.New("graph: change is known already")
	// ErrMissing: a dep, or the actor's previous change, is not here yet.
	ErrMissing = errors.New("graph: an earlier change is missing")
	// ErrTwin: another change with the same actor and seq came first.
	ErrTwin = errors.New("graph: another change has this actor and seq")
	// ErrStartOp: the operation ids don't lie above those of the causal past, or
	// leave a gap for none.
	ErrStartOp = errors.New("graph: startOp is not above the causal past")
	// ErrUnknownOp: an operation names one that is not in the causal past.
	ErrUnknownOp = errors.New("graph: an operation names one outside the causal past")
	// ErrSkeleton: the actor is reserved for skeleton changes and this is none.
	ErrSkeleton = errors.New("graph: the actor is reserved for skeleton changes")
	// ErrHeads: the document has [MaxHeads] heads and this would be one more.
	// With them no message could name its heads, and no change depend on all.
	ErrHeads = errors.New("graph: the document has too many heads")
	// ErrDescends: the change depends on a refused one.
	ErrDescends = errors.New("graph: descends from a refused change")
)

// ErrOrder is returned by [Graph.Restore] for a log that is not in causal
// order, which means that the store is damaged.
var ErrOrder = errors.New("graph: log is not in causal order")
