package peer

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
)

// Save returns the document in Automerge's file format, with its whole history:
// as one chunk, or, if it holds operations so senseless that such a chunk can't
// be read back, as its changes one after the other.
func (d *Document) Save(ctx context.Context) (data []byte, err error) {
	err = d.peer.use(ctx, d.id, func(e *engine) error {
		if err = e.open(ctx); err != nil {
			return err
		}
		if data, err = e.save(); err == nil && e.isSaved(data) {
			return nil
		}
		data, err = e.history(ctx)
		return err
	})
	return data, err
}

func (e *engine) save() (data []byte, err error) {
	err = e.guard(func() error {
		data, err = e.doc.Save()
		return err
	})
	return data, err
}

// isSaved reports whether bytes can be read back as what the document is.
func (e *engine) isSaved(data []byte) (is bool) {
	err := e.guard(func() error {
		doc, err := crdt.Load(e.actor, data, e.peer.config.document(e.id)...)
		if err != nil {
			return err
		}
		defer doc.Close()
		is = slices.Equal(doc.Heads(), e.doc.Heads())
		return nil
	})
	return err == nil && is
}

// history returns all changes of the log.
func (e *engine) history(ctx context.Context) ([]byte, error) {
	var all bytes.Buffer
	for chunk, err := range e.peer.store.Changes(ctx, e.id, 0) {
		if err != nil {
			return nil, fmt.Errorf("peer: save %s: %w", e.id, err)
		}
		all.Write(chunk)
	}
	return all.Bytes(), nil
}
