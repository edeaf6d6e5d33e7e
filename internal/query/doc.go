// Package query finds records by what is in them: the keys of indexes, the
// conditions of queries, plans, and results that stay up to date. It does no
// I/O; records and index entries come through [Rows].
//
// Start from [Where], which begins a [Query], and [NewPlan], which chooses how
// to run it with the indexes that there are:
//
//	q := query.Where("Department").Is("R&D").And("Age").Above(30).OrderBy("Name").Limit(50)
//	plan, err := query.NewPlan(q, indexes)
//	for match, err := range plan.Run(ctx, rows) { … }
//
// # Values
//
// Everything that a field may hold has a place in one order: nothing, false,
// true, NaN, numbers, times, bytes, strings, lists, maps.
//
//   - A field that is null and one that isn't there are the same: nothing.
//   - Numbers of all kinds, counters too, are compared exactly: 1 is 1.0, and
//     2^53+1 is not 2^53. NaN equals itself and is neither above nor below
//     anything.
//   - Times count in whole milliseconds, as documents keep them.
//   - Strings, texts alike, are compared by code points; no letter equals
//     another that only looks like it.
//   - All lists are equal in the order, and so are all maps. What is in a list
//     is found with [Field.Contains].
//
// Conditions look at whole values. The order looks at the first [MaxKey] bytes
// of each, so that a position in a result stays small; what agrees in all that
// is ordered by id. So every order is total, and the same with and without an
// index.
//
// # Moments
//
// A run of a plan sees one moment, that of its [Rows]: entries lead to records as
// they were when the entries were made. A [Live] begins with one moment, and each
// [Live.Update] brings rows of a later one.
//
// A [Query], an [Index] and a [Plan] are values that never change and may be
// used from any goroutine. A [Live] belongs to one goroutine at a time.
package query
