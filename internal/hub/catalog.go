package hub

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/storage"
)

// Catalog is a [Store] whose collections can be announced, and that can take those
// of others.
type Catalog interface {
	Store
	LastSeq() storage.Seq
	Since(ctx context.Context, after storage.Seq, prefix []byte) iter.Seq2[storage.Row, error]
	Documents(ctx context.Context, prefix []byte, after docid.ID) iter.Seq2[storage.Info, error]
	Get(key []byte) ([]byte, error)
	Scan(ctx context.Context, prefix []byte) iter.Seq2[storage.Entry, error]
}

// What a hub keeps in its store besides the log, format 1; see
// docs/STORAGE-FORMAT.md. All but the names can be dropped: it is learned again.
const (
	keyTag    = "sync1/tag/"    // + tag: the collection's name
	keyCursor = "sync1/cursor/" // + announcer + tag: how far it was listened to
	keyAcked  = "sync1/acked/"  // + listener + tag: how far it has answered
	keyAside  = "sync1/aside/"  // + listener + document: why it lacks something of it
)

type storageName = [16]byte

func cursorKey(prefix string, of storageName, tag docid.Tag) []byte {
	return append(append([]byte(prefix), of[:]...), tag[:]...)
}

func asideKey(listener storageName, id docid.ID) []byte {
	return append(append([]byte(keyAside), listener[:]...), id[:]...)
}

const cursorVersion = 1

// encodeCursor returns a cursor's row: a version, the life of our own store in which
// it is written, and the place.
func encodeCursor(life storageName, c wire.Cursor) []byte {
	b := append([]byte{cursorVersion}, life[:]...)
	b = binary.AppendUvarint(b, c.Sequence)
	if c.After != (docid.ID{}) {
		b = append(b, c.After[:]...)
	}
	return b
}

// decodeCursor returns nil for what was written in another life, in which the store
// may have had more than it has now.
func decodeCursor(life storageName, b []byte) *wire.Cursor {
	if len(b) < 1+len(life) || b[0] != cursorVersion || storageName(b[1:1+len(life)]) != life {
		return nil
	}
	b = b[1+len(life):]
	sequence, n := binary.Uvarint(b)
	if n <= 0 {
		return nil
	}
	c := &wire.Cursor{Sequence: sequence}
	switch b = b[n:]; len(b) {
	case 0:
	case docid.Size:
		c.After = docid.ID(b)
	default:
		return nil
	}
	return c
}

// life names the present life of our own store.
func (h *Hub) life() storageName { return originOf(h.PeerID, h.metadata()) }

// cursor reads a cursor's row, the newest even if it isn't durable yet; nil if there
// is none that counts.
func (h *Hub) cursor(key []byte) (*wire.Cursor, error) {
	if row, ok := h.notes.of(key); ok {
		return decodeCursor(h.life(), row), nil
	}
	row, err := h.catalog.Get(key)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errStore, err)
	}
	return decodeCursor(h.life(), row), nil
}

// Acked returns the place in our own journal up to which a server's store has all of
// a collection, as far as that is known; nil if it isn't. Asides are the documents that
// it lacks something of all the same, and why: it has refused them, or they can't be
// read here.
func (h *Hub) Acked(server [16]byte, tag docid.Tag) (acked *Cursor, asides map[docid.ID]string, err error) {
	asides = map[docid.ID]string{}
	if h.catalog == nil {
		return nil, asides, nil
	}
	if acked, err = h.cursor(cursorKey(keyAcked, server, tag)); err != nil {
		return nil, nil, err
	}
	prefix := append(append([]byte(keyAside), server[:]...), tag[:]...)
	rows := h.notes.under(prefix)
	for entry, err := range h.catalog.Scan(context.Background(), prefix) {
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", errStore, err)
		}
		if _, newer := rows[string(entry.Key)]; !newer {
			rows[string(entry.Key)] = bytes.Clone(entry.Value)
		}
	}
	for key, reason := range rows {
		if reason != nil {
			asides[docid.ID([]byte(key[len(key)-docid.Size:]))] = string(reason)
		}
	}
	return acked, asides, nil
}
