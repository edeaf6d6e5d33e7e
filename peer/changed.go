package peer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// ChangedDocument is a document that is another than it was when somebody last looked.
type ChangedDocument struct {
	ID         crdt.DocumentID
	Collection string // that it is a record of; "" = none that this peer knows
	// Change is Created if it came here since then, and Deleted if it isn't there any
	// more, because it was deleted or forgotten here.
	Change RecordChange
	Cursor string // behind it: see [Peer.Changes]
}

// ChangedRecord is a record of type T that is another than it was when somebody last
// looked.
type ChangedRecord[T any] struct {
	ID     crdt.DocumentID
	Change RecordChange // see [ChangedDocument]
	Value  *T           // the record as it is now; nil if it is deleted, or can't be read
	Err    error        // why it, or a field, can't be read
	Cursor string       // behind it: see [Peer.Changes]
}

// Cursor returns the cursor behind everything that has happened so far; see
// [Peer.Changes].
func (p *Peer) Cursor() string { return p.cursorAt(p.store.LastSeq()) }

func (p *Peer) cursorAt(seq storage.Seq) string {
	return p.store.Incarnation().String() + "-" + strconv.FormatUint(uint64(seq), 10)
}

// Changes yields the documents that have changed since a cursor, whoever has changed
// them, each once and as it is now, in the order of their last changes. An empty
// cursor yields all that are here. Each has the cursor behind it, from which another
// call goes on, also when the peer was opened again; whoever has read all may go on
// from what [Peer.Cursor] has returned before. So an export, or an index of one's own,
// follows without missing anything.
//
// What came and went since a cursor is told of as deleted. The loop may take its time.
// An error is the last thing yielded: ErrClosed, if the peer is closed meanwhile, and
// ErrCursor, if the cursor is of another life of the directory, which may lack what
// the former one had. Whoever gets that drops what it has, and begins with an empty
// cursor.
func (p *Peer) Changes(ctx context.Context, since string) iter.Seq2[ChangedDocument, error] {
	return func(yield func(ChangedDocument, error) bool) {
		err := p.changes(ctx, nil, since, func(v *visit, c ChangedDocument) (bool, error) {
			there := p.isThere(ctx, c.ID)
			if err := ctx.Err(); err != nil {
				return false, err
			}
			if !c.becomes(there, since) {
				return true, nil
			}
			return v.aside(func() bool { return yield(c, nil) })
		})
		if err != nil {
			yield(ChangedDocument{}, during(err, "list what has changed"))
		}
	}
}

// Changes is [Peer.Changes] for the records of the collection, with what they say.
func (r *Records[T]) Changes(ctx context.Context, since string) iter.Seq2[ChangedRecord[T], error] {
	return func(yield func(ChangedRecord[T], error) bool) {
		err := r.c.peer.changes(ctx, r.c, since, func(v *visit, c ChangedDocument) (bool, error) {
			value, there, err := r.now(ctx, c.ID)
			if ctx.Err() != nil || errors.Is(err, ErrClosed) {
				return false, err
			}
			if !c.becomes(there, since) {
				return true, nil
			}
			return v.aside(func() bool { return yield(ChangedRecord[T]{c.ID, c.Change, value, err, c.Cursor}, nil) })
		})
		if err != nil {
			yield(ChangedRecord[T]{}, during(err, "list what has changed in %q", r.c.name))
		}
	}
}

// now returns a record, as far as it can be read, and why it, or a field, can't; and
// whether there is one.
func (r *Records[T]) now(ctx context.Context, id crdt.DocumentID) (value *T, there bool, err error) {
	value = new(T)
	switch err := r.c.read(ctx, nil, id, value); {
	case errors.Is(err, ErrDeleted), errors.Is(err, ErrNoRecord):
		return nil, false, nil
	case err != nil && !errors.Is(err, crdt.ErrMismatch):
		return nil, true, err
	default:
		return value, true, err
	}
}

// becomes says what a change since a cursor is, now that it is known whether anything
// is there. It reports false if there is nothing to tell.
func (c *ChangedDocument) becomes(there bool, since string) bool {
	if !there {
		c.Change = Deleted
	}
	return there || since != ""
}

// isThere reports whether there is a document that is no deleted record.
func (p *Peer) isThere(ctx context.Context, id crdt.DocumentID) bool {
	c := p.collections.owner(id)
	if c == nil {
		return p.isHere(id)
	}
	there, err := c.exists(ctx, nil, id)
	return there || err != nil // what is damaged is there
}

// changes calls look with each document that has changed since a cursor, of a
// collection or of all, until it returns false. Change is Created or Updated.
func (p *Peer) changes(ctx context.Context, c *collection, since string, look func(*visit, ChangedDocument) (bool, error)) error {
	v := visit{peer: p}
	if err := v.enter(); err != nil {
		return err
	}
	defer v.leave()
	after, err := p.seqOf(since)
	if err != nil {
		return err
	}
	var prefix []byte
	if c != nil {
		prefix = c.tag[:]
	}
	j := journal{store: p.store, after: after, end: p.store.LastSeq(), told: map[crdt.DocumentID]bool{}}
	for row, err := range p.store.Since(ctx, after, prefix) {
		if errors.Is(err, storage.ErrClosed) {
			return ErrClosed
		}
		if err != nil || row.Seq > j.end {
			return err
		}
		change, err := j.changeOf(row)
		if err != nil {
			return err
		}
		if change == 0 {
			continue
		}
		id := row.Document
		more, err := look(&v, ChangedDocument{id, p.collections.nameOf(id), change, p.cursorAt(row.Seq)})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// seqOf returns where in the journal a cursor is.
func (p *Peer) seqOf(cursor string) (storage.Seq, error) {
	if cursor == "" {
		return 0, nil
	}
	life, digits, _ := strings.Cut(cursor, "-")
	raw, err := hex.DecodeString(life)
	seq, err2 := strconv.ParseUint(digits, 10, 64)
	switch {
	case err != nil || err2 != nil || len(raw) != len(storage.Incarnation{}):
		return 0, fmt.Errorf("%w: %q is no cursor", ErrInvalid, cursor)
	case storage.Incarnation(raw) != p.store.Incarnation() || storage.Seq(seq) > p.store.LastSeq():
		return 0, ErrCursor
	}
	return storage.Seq(seq), nil
}

// journal is the reading of a part of the store's journal, after a row and to
// another.
type journal struct {
	store      *storage.Store
	after, end storage.Seq
	told       map[crdt.DocumentID]bool // that aren't told of again
}

// changeOf returns what a row is about; zero if that is told at another row, or not.
func (j *journal) changeOf(row storage.Row) (RecordChange, error) {
	info, err := j.store.Document(row.Document)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		if row.Kind != storage.KindPurge || j.after == 0 || j.told[row.Document] {
			return 0, nil
		}
		j.told[row.Document] = true
		return Updated, nil
	case err != nil:
		return 0, err
	case row.Kind != storage.KindChanges || info.Born > row.Seq || row.Seq < info.Last && info.Last <= j.end || j.told[row.Document]:
		return 0, nil
	case info.Last > j.end:
		j.told[row.Document] = true
	}
	if info.Born > j.after || j.after == 0 {
		return Created, nil
	}
	return Updated, nil
}
