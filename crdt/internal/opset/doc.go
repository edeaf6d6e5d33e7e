// Package opset is Automerge's document engine: the operations of a document
// and what they add up to.
//
// A [Set] takes changes, applies their operations one after the other, and
// answers what the document is: each map a slot per key, each list or text a
// sequence of elements. A slot keeps every operation that was ever made there.
// Those that no later one has overwritten are live: more than one of them is a
// conflict, and the greatest id wins.
//
// Local writes are operations at once and a change at [Set.Commit]; until then
// [Set.Rollback] takes them back.
package opset
