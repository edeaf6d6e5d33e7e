package peer

import (
	"context"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// ViewHeads is View, and returns the heads of what fn was shown, ascending: what
// a person makes of it meanwhile can be written with [Document.ChangeAt].
func (d *Document) ViewHeads(ctx context.Context, fn func(root crdt.Map) error) (heads []crdt.Hash, err error) {
	err = d.open(ctx, func(doc *crdt.Doc) error {
		heads = doc.Heads()
		return doc.View(fn)
	})
	return heads, err
}

// ChangeAt changes the document as it was at some heads, and merges the change
// into what it is now: so what came in between stays, and of a text that both
// have edited, both edits do. fn is shown the document as it was. No heads means
// as it is now. Apart from that it is [Document.Change]; heads that the document
// doesn't have are crdt.ErrUnknownHeads.
//
// It costs time linear in the document's history if the heads are former ones.
func (d *Document) ChangeAt(ctx context.Context, heads []crdt.Hash, fn func(root crdt.Map) error, opts ...crdt.ChangeOption) error {
	return d.peer.use(ctx, d.id, func(e *engine) error {
		if err := e.open(ctx); err != nil {
			return err
		}
		if now := e.doc.Heads(); len(heads) == 0 || slices.Equal(heads, now) {
			return e.change(fn, opts...)
		}
		return e.changeAt(heads, fn, opts...)
	})
}

// changeAt makes a change under an actor that is used this once. Our own has
// changes that the past doesn't hold, and a number can't be used twice.
func (e *engine) changeAt(heads []crdt.Hash, fn func(crdt.Map) error, opts ...crdt.ChangeOption) error {
	var c *change.Change
	err := e.guard(func() error {
		past, err := e.doc.Fork(crdt.NewActorID(), heads...)
		if err != nil {
			return fmt.Errorf("peer: change %s as it was: %w", e.id, err)
		}
		defer past.Close()
		c, err = past.Change(fn, opts...)
		return err
	})
	if err != nil || c == nil {
		return err
	}
	// It comes into the open document from the log, like others' changes.
	return e.peer.append(e.id, c)
}
