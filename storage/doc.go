// Package storage is godwit's durable change log: per document an ordered list
// of changes, and over all documents one journal whose rows are numbered
// 1, 2, 3 … in commit order. Relays and peers keep the same store with
// different [Options].
//
// Start from [Open] and [Store]; what is written at once is a [Batch].
//
//	store, err := storage.Open("godwit-data", storage.Options{})
//	…
//	seq, err := store.Commit(ctx, &storage.Batch{Appends: []storage.Append{…}})
//
// Acknowledged means on disk: [Store.Commit] returns, and the callback of
// [Store.Submit] runs, only after the batch is durable. Nothing that a read
// returns can be taken back by a crash.
//
// One goroutine, the committer, writes. It takes every batch that is waiting,
// makes them durable in one Badger transaction and releases all the waiters,
// so the price of a disk sync is shared. Changes too large for a transaction
// are written beforehand, by the goroutine that submits them, under keys that
// nothing refers to; one small commit then makes them visible.
//
// Every method may be called from any goroutine. Iterators read in pages and
// hold no lock while the caller's loop body runs, so a slow consumer holds up
// nobody, and the store can be closed meanwhile. Those over entries are of one
// moment, of which they hold a [Snapshot]. Documents and journal rows are never
// half visible.
//
// A disk can lie and a backup can be restored. A small witness file trails the
// journal, and the store remembers in which directory it lives; if it is found
// behind the witness, or to be a copy, it begins a new [Incarnation], which
// voids every cursor that others hold. If a write fails, the store refuses
// everything until it is opened anew, because after a failed sync nobody knows
// what is on the disk.
//
// The format on disk is described in docs/STORAGE-FORMAT.md.
package storage
