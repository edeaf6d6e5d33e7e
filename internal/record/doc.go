// Package record says what a record is: a document of a collection, as a function
// of its history alone, so that everybody who has the same changes sees the same.
// docs/PROTOCOL.md, "Records", has the rules for other languages.
//
// What begins with "godwit:" at a document's root is ours: the natural key
// ([KeyName]) and the tombstone ([DeletedName]). [Reserved] tells.
//
// A record with a natural key is made by [Put]: maps and counters are born in skeleton
// changes, the same wherever that key is made, and what is written into them
// follows in one ordinary change. So two who make the same key without knowing of
// each other end with one record. [CheckKey] finds another key under its id.
//
// [Delete] writes a tombstone that names its [Policy]; [StateOf] says whether
// it stands; [Restore] takes it away, and [Tidily] one that doesn't. [Conflicts]
// lists the fields that have several values, [Resolve] ends a conflict, and
// [Conflict.Resolvable] says who may do so unasked, so that those who disagree fall
// silent.
//
// There is no I/O here, no goroutine and no clock. Functions may be called from
// any goroutine; those that take a [crdt.Doc] must not be called in its View or
// Change, and what they find holds as long as nobody writes in it.
package record
