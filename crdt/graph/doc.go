// Package graph keeps one document's history as a graph of change hashes.
//
// A [Graph] knows of each change its hash, deps, actor, seq, how many
// operations it holds and how long its chunk is, and nothing of what the
// operations say. That is enough to tell heads, ancestors, what a neighbour
// lacks and what is missing, and to refuse a change that names operations
// outside its causal past. It costs about a hundred bytes a change.
//
// What comes before a change is taken as closed under its deps and under "its
// actor's previous change": every store takes an actor's changes in order, so
// whoever has the one has the other, even where the deps don't say so.
//
// Changes enter in two steps, because nothing may be shown to a neighbour
// before it is durable. [Graph.Stage] checks a change against its past and
// adds it invisibly; [Graph.Commit] makes all that is staged visible once a
// store has it; [Graph.Rollback] forgets it. Every reading method sees
// committed changes only.
//
// Changes are numbered from 0 in log order, each after its deps and after its
// actor's previous change; that number is a change's index in the store.
//
// An [Intake] stands before a graph and decides what becomes of each foreign
// change: staged, held until its deps come, or refused with its descendants.
//
// What a question or an append costs follows from how many branches are open
// and how much is asked for, never from how long the history is.
//
// Nothing here is safe for concurrent use: a document has one owner.
package graph
