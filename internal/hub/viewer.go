package hub

import (
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/storage"
)

// Viewer derives something from documents that is kept beside them, and changes
// with them: nobody ever sees the one without the other.
type Viewer interface {
	// Viewed returns what is to become durable together with changes that are about
	// to be appended to a document's log at index base; own: how many of the first
	// were made here. It is called once per append, in the log's order per document,
	// for several documents at once, without any lock held, and before anybody
	// hears of the changes. It may read the store and take as long as it needs, but
	// must not wait for another append. After the commit, or its failure, done is
	// called, before the [Keeper] hears of the changes, with the append's row in the
	// journal; it may be nil.
	Viewed(id docid.ID, base int, changes []*change.Change, own int) (entries Entries, done func(storage.Seq, error))
	// Purging returns what is to become durable together with the end of a document,
	// between the appends before and after it. Done is called after that, or its
	// failure, and mustn't be nil.
	Purging(id docid.ID) (entries Entries, done func(error))
}

// Entries are what goes into the store beside changes.
type Entries struct {
	Puts    []storage.Entry
	Deletes [][]byte // take effect before all puts of the commit
}

func (e Entries) addTo(b *storage.Batch) {
	b.Puts = append(b.Puts, e.Puts...)
	b.Deletes = append(b.Deletes, e.Deletes...)
}

// view returns what the viewer derives from an append, and what is to be called
// after the commit.
func (d *document) view(a *replica.Append) (entries Entries, done func(storage.Seq, error)) {
	if d.hub.Viewer != nil {
		entries, done = d.hub.Viewer.Viewed(d.id, a.Base, a.Changes, a.Own)
	}
	if done == nil {
		done = func(storage.Seq, error) {}
	}
	return entries, done
}

// batched returns an append as the store takes it.
func (d *document) batched(a *replica.Append) storage.Append {
	return storage.Append{Document: d.id, Base: a.Base, Changes: a.Changes, Origin: a.Origin}
}
