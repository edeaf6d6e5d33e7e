// Package change reads, checks and writes Automerge's change chunks.
//
// A change is what one actor did in one transaction: a header (actor, sequence
// number, first operation id, dependencies) and its operations, stored as
// run-length encoded columns. Its hash is its name.
//
// Start from [Parse], which makes a [Change] of bytes that nobody vouches for,
// and [Draft], which makes one of operations. [ReadHeader] reads back what a
// store of ours kept after an earlier Parse. [Split] finds the chunks in a
// longer byte string.
//
// Parse enforces every structural rule that can be decided from a change's
// bytes alone, with a cost that is linear in those bytes: columns are checked
// run by run, and a run of a million operations costs what one operation
// costs. What remains is for the graph: that the dependencies are present,
// that the ids which the change names outside itself ([Change.Refs]) lie in
// its causal past, that its sequence number is the actor's next.
//
// A change that passes is canonical: encoding its operations again gives the
// same bytes. That matters because Automerge stores a document's operations,
// not its changes; a change in any other encoding gets another hash when the
// document is loaded, and the document is lost.
//
// A refusal is an [InvalidError]: it names the rule, and, where they could be
// read, the change's hash and dependencies, so that the caller can refuse its
// descendants as well.
//
// Changes are immutable; every function may be called from any goroutine.
package change
