package storagetest

import (
	"bytes"
	"maps"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

// Model is the contract in a few maps.
type Model struct {
	Rows      []storage.Row
	Documents map[docid.ID]*ModelDocument
	Entries   map[string]string
}

// ModelDocument is one document of a model.
type ModelDocument struct {
	Chunks [][]byte
	Heads  []change.Hash
	Born   storage.Seq
	Last   storage.Seq
}

// NewModel returns an empty model.
func NewModel() *Model {
	return &Model{Documents: make(map[docid.ID]*ModelDocument), Entries: make(map[string]string)}
}

// Length returns how many changes a document's log holds.
func (m *Model) Length(id docid.ID) int {
	if d := m.Documents[id]; d != nil {
		return len(d.Chunks)
	}
	return 0
}

// Conflicts tells whether some append's base is wrong.
func (m *Model) Conflicts(b *storage.Batch) bool {
	return slices.ContainsFunc(b.Appends, func(a storage.Append) bool { return a.Base != m.Length(a.Document) })
}

// Apply does what a store does with a batch that doesn't conflict, and returns
// the sequence number that the store must return.
func (m *Model) Apply(b *storage.Batch) storage.Seq {
	first := storage.Seq(len(m.Rows) + 1)
	for _, a := range b.Appends {
		d := m.Documents[a.Document]
		if d == nil {
			d = &ModelDocument{Born: storage.Seq(len(m.Rows) + 1)}
			m.Documents[a.Document] = d
		}
		d.Last = storage.Seq(len(m.Rows) + 1)
		m.Rows = append(m.Rows, storage.Row{
			Seq: d.Last, Kind: storage.KindChanges, Document: a.Document,
			First: len(d.Chunks), Count: len(a.Changes), Batch: first, Origin: a.Origin,
		})
		for _, c := range a.Changes {
			d.append(c)
		}
	}
	for _, k := range b.Deletes {
		delete(m.Entries, string(k))
	}
	for _, e := range b.Puts {
		m.Entries[string(e.Key)] = string(e.Value)
	}
	return storage.Seq(len(m.Rows))
}

// Purge does what a store does with a document that it has.
func (m *Model) Purge(id docid.ID) {
	seq := storage.Seq(len(m.Rows) + 1)
	m.Rows = append(m.Rows, storage.Row{Seq: seq, Kind: storage.KindPurge, Document: id, Count: m.Length(id), Batch: seq})
	delete(m.Documents, id)
}

// append replaces the change's deps among the heads by the change, one change
// at a time: nothing like what a store would do, and the same result.
func (d *ModelDocument) append(c *change.Change) {
	d.Chunks = append(d.Chunks, c.Bytes())
	heads := []change.Hash{c.Hash}
	for _, h := range d.Heads {
		if !slices.Contains(c.Deps, h) {
			heads = append(heads, h)
		}
	}
	d.Heads = change.SortHashes(heads)
}

// Info is what a store must say of a document.
func (m *Model) Info(id docid.ID) storage.Info {
	d := m.Documents[id]
	info := storage.Info{Document: id, Heads: d.Heads, Changes: len(d.Chunks), Born: d.Born, Last: d.Last}
	for _, c := range d.Chunks {
		info.Bytes += int64(len(c))
	}
	return info
}

// IDs returns the documents in order.
func (m *Model) IDs() []docid.ID {
	return slices.SortedFunc(maps.Keys(m.Documents), func(a, b docid.ID) int { return bytes.Compare(a[:], b[:]) })
}
