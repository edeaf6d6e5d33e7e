package peer

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/storage"
)

// reading is the reading of one document: the saved one and the log's tail after
// it, or else all of the log, and then perhaps changes that aren't in it yet.
type reading struct {
	peer *Peer
	from *storage.Snapshot
	info storage.Info     // of the log; what is younger is passed over
	more []*change.Change // what is to come after it

	size  int64      // of the log's changes, in bytes
	saved savedIndex // what was of use
}

func (r *reading) load(ctx context.Context) (*crdt.Doc, error) {
	if err := r.peer.asideError(r.info.Document); err != nil {
		return nil, err
	}
	var data []byte
	var index savedIndex
	if r.info.Changes > 0 {
		data, index = r.readSaved()
	}
	if index.length > 0 {
		doc, err := r.loadFrom(ctx, data, index)
		if err == nil || ctx.Err() != nil {
			return doc, err
		}
		r.peer.config.Logger.Warn("a saved document is of no use, so its history is replayed", "document", r.info.Document, "error", err)
	}
	return r.loadFrom(ctx, nil, savedIndex{})
}

func (r *reading) loadFrom(ctx context.Context, data []byte, index savedIndex) (doc *crdt.Doc, err error) {
	tail := bytes.NewBuffer(data)
	r.size, r.saved = index.logBytes, index
	if err := r.readLog(ctx, tail); err != nil {
		return nil, err
	}
	id := r.info.Document
	err = r.peer.suspects.while(id, func() error {
		doc, err = crdt.Load(r.peer.identity.actorOf(id), tail.Bytes(), r.peer.config.document(id)...)
		if err == nil && !slices.Equal(doc.Heads(), r.info.Heads) {
			err = fmt.Errorf("%w: %s does not lead to its heads", storage.ErrDamaged, id)
		}
		if err == nil && len(r.more) > 0 {
			err = doc.ApplyChanges(r.more...)
		}
		return err
	})
	if err != nil && doc != nil {
		doc.Close()
	}
	return doc, err
}

// readLog appends the log's changes after the saved document.
func (r *reading) readLog(ctx context.Context, to *bytes.Buffer) error {
	n := r.saved.length
	if n == r.info.Changes {
		return nil
	}
	for chunk, err := range r.from.Changes(ctx, r.info.Document, n) {
		if err != nil {
			return err
		}
		to.Write(chunk)
		r.size += int64(len(chunk))
		if n++; n == r.info.Changes {
			break // what follows is younger than what we know of it
		}
	}
	return nil
}
