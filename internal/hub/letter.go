package hub

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	crdtsync "github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
)

// letter is a sync message on its way out.
type letter struct {
	request bool
	indices []int    // of the changes
	chunks  [][]byte // from the tail; nil = they must be read from the store
	size    int      // of the message with all that belongs to it, in bytes
	header  []byte
}

// address makes a letter of a reply; d.mu is held.
func (d *document) address(send *replica.Send) *letter {
	reply := send.Reply
	l := &letter{
		request: send.Request,
		indices: reply.Indices,
		header:  reply.Message.AppendHeader(nil, len(reply.Indices)),
		chunks:  d.tail.get(reply.Indices),
	}
	l.size = len(l.header)
	g := d.core.Graph()
	var number [binary.MaxVarintLen64]byte
	for _, i := range l.indices {
		l.size += binary.PutUvarint(number[:], uint64(g.Size(i))) + g.Size(i)
	}
	return l
}

func (s *session) writeLetter(d *document, l *letter) error {
	const envelope = 256
	frame := wire.AppendSync(make([]byte, 0, envelope+l.size), wire.Sync{
		Request: l.request, SenderID: s.hub.PeerID, TargetID: s.peerID, Document: d.id,
	}, l.size)
	body := len(frame)
	frame = append(frame, l.header...)
	frame, err := l.appendChanges(frame, d)
	if err == nil && len(frame)-body != l.size {
		err = fmt.Errorf("%w: %s has changes of another length", replica.ErrDamaged, d.id)
	}
	if err != nil && !d.isTalkedAboutWith(s) {
		return nil // it was purged while it was being read
	}
	if err != nil {
		return d.unreadable(err)
	}
	if err := s.conn.WriteFrame(frame); err != nil {
		return err
	}
	s.hub.Observer.Sent(wire.Sync{Request: l.request}.Kind(), len(frame))
	s.hub.Observer.Delivered(len(l.indices))
	return nil
}

// unreadable says that the store didn't give what it should. The graph is
// dropped, so that loading it again finds out what is left of the document.
func (d *document) unreadable(err error) error {
	d.hub.Observer.Failed("read", err)
	d.hub.Logger.Error("a document could not be read", "document", d.id, "error", err)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.core.Unload() {
		d.tail = tail{}
	}
	return fmt.Errorf("%w: %w", errStore, err)
}

func (d *document) isTalkedAboutWith(s *session) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.Talks(&s.neighbour)
}

func (l *letter) appendChanges(frame []byte, d *document) ([]byte, error) {
	for _, chunk := range l.chunks {
		frame = crdtsync.AppendChange(frame, chunk)
	}
	if l.chunks != nil {
		return frame, nil
	}
	for indices := l.indices; len(indices) > 0; {
		n := nearby(indices)
		var err error
		if frame, err = d.readChanges(frame, indices[:n]); err != nil {
			return nil, err
		}
		indices = indices[n:]
	}
	return frame, nil
}

// seek is how many changes are rather read over than a new reading begun.
const seek = 64

// nearby returns how many of the indices are best read in one go.
func nearby(indices []int) int {
	for n := 1; n < len(indices); n++ {
		if indices[n]-indices[n-1] > seek {
			return n
		}
	}
	return len(indices)
}

var errShort = errors.New("hub: a document's log ends too early")

// readChanges appends changes from the store.
func (d *document) readChanges(frame []byte, indices []int) ([]byte, error) {
	at := indices[0]
	for chunk, err := range d.hub.Store.Changes(context.Background(), d.id, at) {
		if err != nil {
			return nil, err
		}
		if at == indices[0] {
			frame = crdtsync.AppendChange(frame, chunk)
			if indices = indices[1:]; len(indices) == 0 {
				return frame, nil
			}
		}
		at++
	}
	return nil, fmt.Errorf("%w: %s, at change %d", errShort, d.id, at)
}
