package hub_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

// errRot is what a store finds.
var errRot = fmt.Errorf("%w: bit rot", storage.ErrDamaged)

// memory is a store in memory that can be told to wait and to fail.
type memory struct {
	mu      sync.Mutex
	seq     storage.Seq
	docs    map[docid.ID]*stored
	entries map[string]string
	failing error                // of what is submitted
	once    bool                 // only the next
	damaged map[docid.ID]error   // of what is read
	gate    chan struct{}        // nil, or commits wait until it is closed
	watch   func(*storage.Batch) // called with each batch that is committed, m locked; nil = nobody
	purged  func(docid.ID)       // likewise
	loads   atomic.Int64         // readings from the beginning
	reads   atomic.Int64         // other readings
}

type stored struct {
	chunks [][]byte
	kept   map[string]bool // the chunks
	heads  map[change.Hash]bool
	bytes  int64
	last   storage.Seq
}

func newMemory() *memory {
	return &memory{docs: map[docid.ID]*stored{}, entries: map[string]string{}, damaged: map[docid.ID]error{}}
}

// hold makes commits wait until the returned function is called.
func (m *memory) hold() (release func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	gate := make(chan struct{})
	m.gate = gate
	return func() {
		m.mu.Lock()
		m.gate = nil
		m.mu.Unlock()
		close(gate)
	}
}

// fail makes commits fail; nil ends that.
func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failing, m.once = err, false
}

// failOnce makes the next commit fail.
func (m *memory) failOnce(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failing, m.once = err, true
}

// failure is why a commit fails; m is locked.
func (m *memory) failure() error {
	err := m.failing
	if m.once {
		m.failing = nil
	}
	return err
}

// damage makes a document unreadable; nil repairs it.
func (m *memory) damage(id docid.ID, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.damaged[id] = err
}

func (m *memory) Submit(b *storage.Batch, done func(storage.Seq, error)) {
	m.mu.Lock()
	gate := m.gate
	m.mu.Unlock()
	go func() {
		if gate != nil {
			<-gate
		}
		done(m.commit(b))
	}()
}

func (m *memory) commit(b *storage.Batch) (storage.Seq, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.failure(); err != nil {
		return 0, err
	}
	if n := len(b.Puts); n > storage.MaxEntries {
		return 0, fmt.Errorf("%w: %d entries", storage.ErrInvalid, n)
	}
	for _, a := range b.Appends {
		if n := m.length(a.Document); n != a.Base {
			return 0, fmt.Errorf("%w: %d, not %d", storage.ErrConflict, n, a.Base)
		}
	}
	for _, a := range b.Appends {
		doc := m.docs[a.Document]
		if doc == nil {
			doc = &stored{heads: map[change.Hash]bool{}, kept: map[string]bool{}}
			m.docs[a.Document] = doc
		}
		for _, c := range a.Changes {
			doc.add(c)
		}
		m.seq++
		doc.last = m.seq
	}
	m.write(b)
	if m.watch != nil {
		m.watch(b)
	}
	return m.seq, nil
}

// write writes a batch's entries; m is locked.
func (m *memory) write(b *storage.Batch) {
	for _, k := range b.Deletes {
		delete(m.entries, string(k))
	}
	for _, e := range b.Puts {
		m.entries[string(e.Key)] = string(e.Value)
	}
}

// length returns how long a document's log is; m is locked.
func (m *memory) length(id docid.ID) int {
	if doc := m.docs[id]; doc != nil {
		return len(doc.chunks)
	}
	return 0
}

// entry returns what was put under a key.
func (m *memory) entry(key string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries[key]
}

func (d *stored) add(c *change.Change) {
	d.chunks = append(d.chunks, bytes.Clone(c.Bytes()))
	d.kept[string(c.Bytes())] = true
	d.bytes += int64(len(c.Bytes()))
	d.heads[c.Hash] = true
	for _, dep := range c.Deps {
		delete(d.heads, dep)
	}
}

func (m *memory) Document(id docid.ID) (storage.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	doc := m.docs[id]
	if doc == nil {
		return storage.Info{}, storage.ErrNotFound
	}
	info := storage.Info{Document: id, Changes: len(doc.chunks), Bytes: doc.bytes, Last: doc.last}
	for h := range doc.heads {
		info.Heads = append(info.Heads, h)
	}
	change.SortHashes(info.Heads)
	return info, nil
}

func (m *memory) Changes(_ context.Context, id docid.ID, from int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		m.mu.Lock()
		var chunks [][]byte
		if doc := m.docs[id]; doc != nil { // or it was purged meanwhile
			chunks = doc.chunks
		}
		damage := m.damaged[id]
		m.mu.Unlock()
		if from == 0 {
			m.loads.Add(1)
		} else {
			m.reads.Add(1)
		}
		for _, chunk := range chunks[min(from, len(chunks)):] {
			if damage != nil || !yield(bytes.Clone(chunk), nil) {
				break
			}
		}
		if damage != nil {
			yield(nil, damage)
		}
	}
}

func (m *memory) Purge(_ context.Context, id docid.ID, beside *storage.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.failure(); err != nil {
		return err
	}
	delete(m.docs, id)
	m.write(beside)
	if m.purged != nil {
		m.purged(id)
	}
	return nil
}

// heads returns the heads of a document.
func (m *memory) heads(id docid.ID) []change.Hash {
	info, err := m.Document(id)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		panic(err)
	}
	return info.Heads
}

// has reports whether a change is durable.
func (m *memory) has(id docid.ID, chunk []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	doc := m.docs[id]
	return doc != nil && doc.kept[string(chunk)]
}

// observations count what a hub tells.
type observations struct {
	connected, disconnected, appended, delivered atomic.Int64
	received, sent, announced                    atomic.Int64

	mu      sync.Mutex
	dropped map[string]int
	refused map[string]int
	failed  map[string]int
	left    map[string]int
}

func (o *observations) Connected()                         { o.connected.Add(1) }
func (o *observations) Disconnected(string)                { o.disconnected.Add(1) }
func (o *observations) Received(string, int)               { o.received.Add(1) }
func (o *observations) Sent(string, int)                   { o.sent.Add(1) }
func (o *observations) Delivered(n int)                    { o.delivered.Add(int64(n)) }
func (o *observations) Appended(n, _ int, _ time.Duration) { o.appended.Add(int64(n)) }
func (o *observations) Refused(reason string)              { o.count(&o.refused, reason) }
func (o *observations) Dropped(reason string)              { o.count(&o.dropped, reason) }
func (o *observations) Failed(what string, _ error)        { o.count(&o.failed, what) }
func (o *observations) Announced(n int)                    { o.announced.Add(int64(n)) }
func (o *observations) NotTaken(reason string)             { o.count(&o.left, reason) }

func (o *observations) count(counts *map[string]int, word string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if *counts == nil {
		*counts = map[string]int{}
	}
	(*counts)[word]++
}

// of returns a count.
func (o *observations) of(counts *map[string]int, word string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return (*counts)[word]
}
