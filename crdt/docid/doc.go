// Package docid is the name of a document: sixteen bytes, final at birth.
//
// In text an id is base58check, as automerge-repo writes it, and a document's
// URL is "automerge:" followed by that text. A plain document has a random
// UUIDv4, the only ids that automerge-repo 1.x accepts.
//
// A record's id is a UUIDv8 that begins with the [Tag] of its collection, so
// that records sort by collection in a store, and need no server to get their
// ids ([NewRecord]). The id of a record with a natural key follows from that
// key ([RecordFor]).
//
// Start from [New], [Parse] and [ParseURL]. Every value and function of this
// package may be used from any goroutine.
package docid
