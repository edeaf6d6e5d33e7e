package peer

import (
	"context"
	"iter"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// Changes returns the changes that are not in the past of some heads, in causal
// order: who made them, and what they say of when and why. Without heads that is
// the whole history; heads that the document doesn't have are
// crdt.ErrUnknownHeads. It costs time and memory linear in the history.
func (d *Document) Changes(ctx context.Context, since []crdt.Hash) (changes []*change.Change, err error) {
	err = d.open(ctx, func(doc *crdt.Doc) error {
		changes, err = doc.Changes(since)
		return err
	})
	return changes, err
}

// ViewAt shows the document as it was at some heads; without heads it was empty.
// Heads that the document doesn't have are crdt.ErrUnknownHeads. It costs time
// linear in the history.
func (d *Document) ViewAt(ctx context.Context, heads []crdt.Hash, fn func(root crdt.Map) error) error {
	return d.open(ctx, func(doc *crdt.Doc) error { return doc.ViewAt(heads, fn) })
}

// Diff returns the patches that lead from the document as it was at some heads to
// what it was at others; without heads it was empty. Whoever shows what
// [Document.ViewHeads] has shown learns so, after an event of [Document.Watch],
// what has changed. It costs time linear in the history, and fails with
// crdt.ErrUnknownHeads, and with crdt.ErrNotNative if Config.Engine is another.
func (d *Document) Diff(ctx context.Context, before, after []crdt.Hash) (patches iter.Seq[crdt.Patch], err error) {
	err = d.open(ctx, func(doc *crdt.Doc) error {
		patches, err = doc.Diff(before, after)
		return err
	})
	return patches, err
}
