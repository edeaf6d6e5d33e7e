package hub

import (
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

func placeKey(prefix string, of storageName, tag docid.Tag) []byte {
	return append(append([]byte(prefix), of[:]...), tag[:]...)
}

func asideKey(listener storageName, id docid.ID) []byte {
	return append(append([]byte(keyAside), listener[:]...), id[:]...)
}

// place is how far somebody has come in a journal.
type place struct {
	wire.Cursor
	unread uint64 // documents that were left out on the way, as the announcer couldn't read them
}

const (
	placeVersion  = 2
	placeVersion1 = 1 // doesn't say what is unread
)

// encode returns a place's row: a version, the life of our own store in which it is
// written, and the place.
func (p place) encode(life storageName) []byte {
	b := append([]byte{placeVersion}, life[:]...)
	b = binary.AppendUvarint(b, p.Sequence)
	b = binary.AppendUvarint(b, p.unread)
	if p.After != (docid.ID{}) {
		b = append(b, p.After[:]...)
	}
	return b
}

// decodePlace returns nil for what was written in another life, in which the store
// may have had more than it has now.
func decodePlace(life storageName, b []byte) *place {
	if len(b) < 1+len(life) || storageName(b[1:1+len(life)]) != life {
		return nil
	}
	p := &place{}
	numbers := []*uint64{&p.Sequence, &p.unread}
	switch b[0] {
	case placeVersion:
	case placeVersion1:
		numbers = numbers[:1]
	default:
		return nil
	}
	b = b[1+len(life):]
	for _, number := range numbers {
		n := 0
		if *number, n = binary.Uvarint(b); n <= 0 {
			return nil
		}
		b = b[n:]
	}
	switch len(b) {
	case 0:
	case docid.Size:
		p.After = docid.ID(b)
	default:
		return nil
	}
	return p
}

// life names the present life of our own store.
func (h *Hub) life() storageName { return originOf(h.PeerID, h.metadata()) }

// place reads a place's row, the newest even if it isn't durable yet; nil if there
// is none that counts, or can be read.
func (h *Hub) place(key []byte) (*place, error) {
	if row, ok := h.notes.of(key); ok {
		return decodePlace(h.life(), row), nil
	}
	row, err := h.catalog.Get(key)
	switch {
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrDamaged):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errStore, err)
	}
	return decodePlace(h.life(), row), nil
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
	at, err := h.place(placeKey(keyAcked, server, tag))
	if err != nil {
		return nil, nil, err
	}
	if at != nil {
		acked = &at.Cursor
	}
	prefix := append(append([]byte(keyAside), server[:]...), tag[:]...)
	rows := h.notes.under(prefix)
	for entry, err := range h.catalog.Scan(context.Background(), prefix) {
		switch {
		case errors.Is(err, storage.ErrDamaged):
			entry.Value = []byte(reasonDamaged) // one that passes: the document is offered again
		case err != nil:
			return nil, nil, fmt.Errorf("%w: %w", errStore, err)
		}
		if _, newer := rows[string(entry.Key)]; !newer {
			rows[string(entry.Key)] = entry.Value
		}
	}
	for key, reason := range rows {
		if reason != nil {
			asides[docid.ID([]byte(key[len(key)-docid.Size:]))] = string(reason)
		}
	}
	return acked, asides, nil
}
