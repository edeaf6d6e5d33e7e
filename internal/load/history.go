package load

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// base is where this process's clock begins; only differences count.
var base = time.Now()

func now() time.Duration { return time.Since(base) }

// history is one document as its authors know it: every change that was made,
// by author and sequence number. All clients share it.
type history struct {
	id      docid.ID
	authors []*author

	mu   sync.Mutex
	refs map[change.Hash]ref // every change that was made
}

// author is one writer of a document.
type author struct {
	actor change.ActorID
	key   string // where in the document it writes

	mu      sync.Mutex
	entries []entry // entry s-1 has sequence number s
}

// entry is one change.
type entry struct {
	hash   change.Hash
	chunk  []byte
	deps   []ref
	lastOp uint64
	made   time.Duration
}

// ref names a change: the s-th of an author.
type ref struct {
	author int
	seq    uint32
}

// newHistory returns an empty document with a number of authors. Names are new
// each time, so that runs can follow each other on one server.
func newHistory(authors int) *history {
	h := &history{id: docid.New(), authors: make([]*author, authors), refs: map[change.Hash]ref{}}
	for i := range h.authors {
		actor := h.id
		binary.BigEndian.PutUint16(actor[14:], uint16(i))
		h.authors[i] = &author{actor: change.ActorID(actor[:]), key: fmt.Sprintf("p%d", i)}
	}
	return h
}

// authorOf returns who has an actor id; its last two bytes say so.
func (h *history) authorOf(actor []byte) (int, bool) {
	if len(actor) != 16 {
		return 0, false
	}
	i := int(binary.BigEndian.Uint16(actor[14:]))
	return i, i < len(h.authors) && string(h.authors[i].actor) == string(actor)
}

// match finds the entry of a chunk that came from the server.
func (h *history) match(chunk []byte) (ref, *entry, error) {
	actor, seq, err := peek(chunk)
	if err != nil {
		return ref{}, nil, err
	}
	i, known := h.authorOf(actor)
	if !known {
		return ref{}, nil, fmt.Errorf("%w: by actor %x", ErrForeign, actor)
	}
	e := h.authors[i].entry(seq)
	if e == nil || !bytes.Equal(e.chunk, chunk) {
		return ref{}, nil, fmt.Errorf("%w: actor %x, seq %d of %s", ErrForeign, actor, seq, h.id)
	}
	return ref{i, uint32(seq)}, e, nil
}

// entry returns an author's s-th change; nil if it hasn't made one. The entry
// doesn't change.
func (a *author) entry(seq uint64) *entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	if seq == 0 || seq > uint64(len(a.entries)) {
		return nil
	}
	e := a.entries[seq-1] // the slice moves when it grows
	return &e
}

// add makes a change known, before anybody can be sent it.
func (h *history) add(author int, e entry) ref {
	a := h.authors[author]
	a.mu.Lock()
	a.entries = append(a.entries, e)
	c := ref{author, uint32(len(a.entries))}
	a.mu.Unlock()

	h.mu.Lock()
	defer h.mu.Unlock()
	h.refs[e.hash] = c
	return c
}

func (a *author) len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.entries)
}

// find looks a change up by its hash.
func (h *history) find(hash change.Hash) (ref, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, made := h.refs[hash]
	return c, made
}
