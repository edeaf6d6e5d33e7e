// Package docid is the name of a document: sixteen bytes, final at birth.
//
// In text an id is base58check, as automerge-repo writes it, and a document's
// URL is "automerge:" followed by that text. A plain document has a random
// UUIDv4, the only ids that automerge-repo 1.x accepts.
//
// Start from [New], [Parse] and [ParseURL]. Every value and function of this
// package may be used from any goroutine.
package docid
