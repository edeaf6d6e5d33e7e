// Package document reads and writes Automerge's document chunks: a whole
// history, saved as the table of its changes and the table of its operations.
//
// Start from [Parse], which makes a [Document] of a chunk's bytes, and from
// [Writer], which makes a chunk of rows.
//
// Tables are read in spans ([Rows.Span], [ChangeRows.Span]): rows next to each
// other in which no column changes its run, described by their first row and
// steps. The number of spans is bounded by the chunk's inflated bytes, however
// many rows there are. [Rows.Op] and [ChangeRows.Change] read row by row
// instead. The writer takes the same spans and rows.
//
// Operations lie in the order of the document, not of their making. Objects
// come in the order of their ids, the root first; ids in the order of their
// counters, then of their actors. A map's rows are ordered by key, as bytes,
// then by id. A list's elements come in the list's own order, deleted ones too:
// what was inserted after the same element lies latest first, each followed by
// what was inserted after it; an element's row is followed by its updates.
// Deletes have no row, only a place among the successors of what they deleted.
// Changes lie in the order in which whoever saved them got them, dependencies
// first; so two peers with the same history may save different bytes.
//
// This package checks what a row says by itself: columns of equal length and in
// Automerge's own encoding, ids whose actors exist and whose counters are in
// range, values that fit their type. It doesn't check order, that ids name what
// exists, or hashes: who rebuilds the changes does.
//
// What is written equals what Automerge writes for the same rows, column by
// column once inflated. Deflated bytes may differ.
//
// A Document is immutable and may be shared between goroutines; readers and
// writers belong to one goroutine each.
//
// https://automerge.org/automerge-binary-format-spec/#_document_chunks
package document
