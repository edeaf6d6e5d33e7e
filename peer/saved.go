package peer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// A saved document is a view: it stands for the first changes of the log, so
// that opening the document doesn't replay them. It is written again when the
// tail of newer changes exceeds a tenth of it, and can be dropped at any time.
//
// It lies under pieces of up to savedPiece bytes, written under a new
// generation, and one index, which makes that generation the one that counts.

// savedIndex is what is known of a saved document.
type savedIndex struct {
	length     int   // it stands for so many changes; 0 = there is none
	logBytes   int64 // of those changes
	size       int64 // its own, in bytes
	generation uint64
	sum        [sha256.Size]byte
}

const (
	savedVersion = 1
	savedPiece   = 60 << 10
	// leastTail is how long a tail may be in any case, in bytes of changes.
	leastTail = 16 << 10
)

func (i savedIndex) pieces() int { return int((i.size + savedPiece - 1) / savedPiece) }

func (i savedIndex) encode() []byte {
	row := []byte{savedVersion}
	for _, n := range []uint64{uint64(i.length), uint64(i.logBytes), uint64(i.size), i.generation} {
		row = binary.BigEndian.AppendUint64(row, n)
	}
	return append(row, i.sum[:]...)
}

func decodeSavedIndex(row []byte) (i savedIndex, ok bool) {
	const size = 1 + 4*8 + sha256.Size
	if len(row) != size || row[0] != savedVersion {
		return i, false
	}
	field := func(n int) uint64 { return binary.BigEndian.Uint64(row[1+8*n:]) }
	i.length, i.logBytes, i.size, i.generation = int(field(0)), int64(field(1)), int64(field(2)), field(3)
	copy(i.sum[:], row[1+4*8:])
	return i, true
}

var errSavedGone = errors.New("a piece is missing or damaged")

// readSaved returns a saved document; an empty index if there is none that is
// of use.
func (r *reading) readSaved() ([]byte, savedIndex) {
	id := r.info.Document
	row, err := r.from.Get(savedIndexKey(id))
	index, ok := decodeSavedIndex(row)
	if err != nil || !ok || index.length > r.info.Changes {
		return nil, savedIndex{}
	}
	data, err := r.readPieces(index)
	if err != nil {
		r.peer.config.Logger.Warn("a saved document can't be read, so its history is replayed", "document", id, "error", err)
		return nil, savedIndex{}
	}
	return data, index
}

func (r *reading) readPieces(index savedIndex) ([]byte, error) {
	var data []byte
	for n := range index.pieces() {
		piece, err := r.from.Get(savedKey(r.info.Document, index.generation, n))
		if err != nil {
			return nil, err
		}
		data = append(data, piece...)
	}
	if sha256.Sum256(data) != index.sum {
		return nil, errSavedGone
	}
	return data, nil
}

// writeSaved writes a saved document and makes it the one that counts.
func (p *Peer) writeSaved(ctx context.Context, id crdt.DocumentID, data []byte, index, former savedIndex) error {
	if former.length == 0 { // what lies there, if anything does, is of no use, and of any generation
		if err := p.store.DeletePrefix(ctx, documentKey(keySaved, id)); err != nil {
			return err
		}
	}
	for n := range index.pieces() {
		piece := data[n*savedPiece : min(len(data), (n+1)*savedPiece)]
		batch := &storage.Batch{Puts: []storage.Entry{{Key: savedKey(id, index.generation, n), Value: piece}}}
		if _, err := p.store.Commit(ctx, batch); err != nil {
			return err
		}
	}
	batch := &storage.Batch{Puts: []storage.Entry{{Key: savedIndexKey(id), Value: index.encode()}}}
	if _, err := p.store.Commit(ctx, batch); err != nil {
		return err
	}
	return p.deletePieces(ctx, id, former)
}

func (p *Peer) deletePieces(ctx context.Context, id crdt.DocumentID, index savedIndex) error {
	for n := 0; n < index.pieces(); {
		batch := &storage.Batch{}
		for ; n < index.pieces() && len(batch.Deletes) < storage.MaxEntries; n++ {
			batch.Deletes = append(batch.Deletes, savedKey(id, index.generation, n))
		}
		if _, err := p.store.Commit(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// saver writes saved documents, one after the other, in the background.
type saver struct {
	peer *Peer

	mu      sync.Mutex
	waiting map[crdt.DocumentID]struct{}
	working bool
	stopped bool
	start   func() // has run run
	quit    context.CancelFunc
	done    sync.WaitGroup
}

func newSaver(p *Peer) *saver {
	s := &saver{peer: p, waiting: map[crdt.DocumentID]struct{}{}}
	ctx, quit := context.WithCancel(context.Background())
	s.quit = quit
	s.start = func() { s.done.Go(func() { s.run(ctx) }) }
	return s
}

// tailTooLong reports whether a document is to be saved. The engine is locked.
func (e *engine) tailTooLong() bool {
	tail := e.bytes - max(e.saved.logBytes, e.failed)
	return e.applied > e.saved.length && tail > max(e.saved.size/10, leastTail)
}

// consider has a document saved if it is time for that. The engine is locked; a
// spare one leaves it to the one that it stands in for.
func (s *saver) consider(e *engine) {
	if e.table != &s.peer.engines || !e.tailTooLong() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[e.id] = struct{}{}
	if !s.working && !s.stopped {
		s.working = true
		s.start()
	}
}

func (s *saver) next() (id crdt.DocumentID, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		for id = range s.waiting {
			delete(s.waiting, id)
			return id, true
		}
	}
	s.working = false
	return id, false
}

func (s *saver) run(ctx context.Context) {
	for {
		id, ok := s.next()
		if !ok {
			return
		}
		if err := s.save(ctx, id); err != nil && ctx.Err() == nil {
			s.peer.config.Logger.Warn("could not save a document; opening it replays its history", "document", id, "error", err)
		}
	}
}

// save saves a document, unless that is not called for any more.
func (s *saver) save(ctx context.Context, id crdt.DocumentID) error {
	e, err := s.peer.engines.lock(ctx, id)
	if err != nil {
		return err
	}
	defer s.peer.engines.unlockQuietly(e)
	if e.doc == nil || e.catchUp(ctx) != nil || !e.tailTooLong() {
		return nil
	}
	e.failed = e.bytes // and isn't tried again before there is more, unless it works
	data, err := e.save()
	if err != nil {
		return fmt.Errorf("save %s: %w", id, err)
	}
	index := savedIndex{
		length: e.applied, logBytes: e.bytes, size: int64(len(data)),
		generation: e.saved.generation + 1, sum: sha256.Sum256(data),
	}
	if err := s.peer.writeSaved(ctx, id, data, index, e.saved); err != nil {
		return err
	}
	e.saved, e.failed = index, 0
	return nil
}

func (s *saver) stop() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.quit()
	s.done.Wait()
}
