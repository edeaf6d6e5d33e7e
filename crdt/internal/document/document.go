package document

import (
	"crypto/sha256"
	"unsafe"

	"github.com/godwit-sync/godwit/crdt/change"
)

// A chunk is: four magic bytes, the first four bytes of the hash of what
// follows them, the type, the body's length, the body.
const (
	checksumStart = 4
	typeStart     = 8
	lengthStart   = 9
)

// Document is a document chunk, its columns inflated and still encoded.
type Document struct {
	*History
	// Actors are all actors of the history, ascending; rows name them by index.
	Actors []change.ActorID
	// NumOps is the number of operations that the chunk claims.
	NumOps int
	// NewerFormat is set if there are columns or actions that this version
	// doesn't know.
	NewerFormat bool

	changes, ops table
	listed       [2][]entry // the columns of both tables, as the chunk lists them
}

// History is what of a document chunk one has to keep once its operations were
// read: its changes, without their operations.
type History struct {
	// Heads are the hashes of the changes that no other depends on, ascending.
	Heads []change.Hash
	// HeadIndexes are the rows of Heads among the changes; nil if the chunk,
	// written by an older version, lacks them.
	HeadIndexes []int
	// NumChanges is the number of changes that the chunk claims.
	NumChanges int
	// NewerColumns is set if there are columns that this version doesn't know:
	// then rows don't say all that their changes do, and only the chunk has it.
	NewerColumns bool

	chunk []byte
}

// Parse reads one document chunk, with nothing after it: its frame, checksum,
// header and column tables. Rows are checked as they are read. Errors wrap
// [ErrInvalid].
//
// The Document keeps the slice: the caller must not modify it afterwards.
func Parse(chunk []byte) (*Document, error) {
	body, err := open(chunk)
	if err != nil {
		return nil, invalid(err, "frame")
	}
	d := &Document{History: &History{chunk: chunk}}
	r := &reader{b: body}
	d.readChanges(r)
	d.ops.read(r, d.listed[1], opSpecs[:], "op column")
	if r.err != nil {
		return nil, r.err
	}
	if err := d.count(); err != nil {
		return nil, err
	}
	if (d.NumChanges == 0) != (len(d.Heads) == 0) || len(d.Heads) > d.NumChanges {
		return nil, invalid(errHeads, "heads")
	}
	d.HeadIndexes = r.indexes(len(d.Heads), d.NumChanges)
	if r.err == nil && len(r.b) > 0 {
		r.fail(errTrailing, "body")
	}
	if r.err != nil {
		return nil, r.err
	}
	return d, nil
}

// readChanges reads what a body begins with, up to the columns of the operations.
func (d *Document) readChanges(r *reader) {
	d.Actors, d.Heads = r.actors(), r.heads()
	d.listed = [2][]entry{r.entries("change columns"), r.entries("op columns")}
	d.changes.read(r, d.listed[0], changeSpecs[:], "change column")
}

// open verifies the frame and returns the body.
func open(b []byte) ([]byte, error) {
	chunk, kind, rest, err := change.Split(b)
	switch {
	case err != nil:
		return nil, err
	case kind != change.TypeDocument:
		return nil, errType
	case len(rest) > 0:
		return nil, errFrame
	}
	hash := sha256.Sum256(chunk[typeStart:])
	if string(hash[:typeStart-checksumStart]) != string(chunk[checksumStart:typeStart]) {
		return nil, errChecksum
	}
	body := lengthStart
	for chunk[body]&0x80 != 0 {
		body++
	}
	return chunk[body+1:], nil
}

// count reads one column of each table for its number of rows.
func (d *Document) count() (err error) {
	if d.NumChanges, _, err = d.changes.count(chActor, MaxChanges); err != nil {
		return invalid(err, "actors of the changes")
	}
	var action int64
	if d.NumOps, action, err = d.ops.count(opAction, MaxRows); err != nil {
		return invalid(err, "actions of the ops")
	}
	d.NewerColumns = d.changes.unknown || d.ops.unknown
	d.NewerFormat = d.NewerColumns || !change.Action(action).Known()
	return nil
}

// Footprint estimates the memory that the history takes, in bytes.
func (h *History) Footprint() int64 { return int64(unsafe.Sizeof(*h)) + int64(len(h.chunk)) }

// Chunk returns the bytes that were parsed. The caller must not modify them.
func (h *History) Chunk() []byte { return h.chunk }
