// Package column reads and writes the columns of Automerge's binary format:
// what change chunks and document chunks have in common.
//
// A column holds one field of many rows, encoded by its kind: numbers and
// strings as runs ([Runs], [RunWriter]), counters as runs of their differences
// ([DeltaWriter]; read with Runs), booleans as the lengths of alternating runs
// ([Flips], [FlipWriter]), values as a number for type and size ([Meta]) and
// their bytes, one after the other.
//
// Readers go run by run: a run of a million rows costs what one row costs.
// They accept only what Automerge's encoder writes, so what they read encodes
// to the same bytes again. Writers take runs, too, and write the same bytes as
// if each row had been appended by itself. They can be used again after Reset,
// and then allocate nothing.
//
// Errors are of type [Error]: constants, without the bytes that caused them;
// callers know whose they are.
//
// https://automerge.org/automerge-binary-format-spec/#_columnar_storage_format
package column
