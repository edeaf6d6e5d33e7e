package crdt

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/godwit-sync/godwit/crdt/change"
)

// census counts what costs an engine memory. A document's chunk tells little of
// that: a million operations may be a thousand bytes.
type census struct{ changes, ops int64 }

func (c *census) add(one *change.Change) {
	c.changes++
	c.ops += int64(one.Ops)
}

// A document chunk's body is: actors, heads, a table of the columns that list
// its changes and one of those that list its operations, then the columns.
// https://automerge.org/automerge-binary-format-spec/#_document_chunks
const (
	chunkChecksum = 4 // where a chunk's checksum begins
	chunkHashed   = 8 // where what it covers begins

	columnSeq      = 0x03 // of changes: never null, so it has as many rows as there are
	columnAction   = 0x42 // of operations, likewise
	columnDeflated = 0x08
	// maxInflated bounds what a column may be inflated to for counting it.
	maxInflated = 1 << 30
)

var errCensus = errors.New("the document's columns can't be read")

// whole verifies a chunk's checksum.
func whole(chunk []byte) bool {
	sum := sha256.Sum256(chunk[chunkHashed:])
	return bytes.Equal(sum[:chunkHashed-chunkChecksum], chunk[chunkChecksum:chunkHashed])
}

// takeCensus counts the rows of a document chunk.
func takeCensus(document []byte) (census, error) {
	r := scanner{b: document[chunkHashed+1:]}
	r.number() // the body's length
	for actors := r.number(); actors > 0 && r.err == nil; actors-- {
		r.skip(r.number())
	}
	for heads := r.number(); heads > 0 && r.err == nil; heads-- {
		r.skip(change.HashSize)
	}
	changes, ops := r.table(), r.table()
	var c census
	c.changes = r.rows(changes, columnSeq)
	c.ops = r.rows(ops, columnAction)
	return c, r.err
}

// scanner reads what it can, and remembers that it couldn't.
type scanner struct {
	b   []byte
	err error
}

type column struct{ spec, size uint64 }

func (r *scanner) fail() { r.b, r.err = nil, errCensus }

func (r *scanner) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

// signed reads a signed LEB128 number.
func (r *scanner) signed() int64 {
	var n int64
	for i, b := range r.b {
		if i > 9 {
			break
		}
		n |= int64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.b = r.b[i+1:]
			if shift := 7 * (i + 1); shift < 64 && b&0x40 != 0 {
				n |= -1 << shift
			}
			return n
		}
	}
	r.fail()
	return 0
}

func (r *scanner) skip(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	skipped := r.b[:n]
	r.b = r.b[n:]
	return skipped
}

func (r *scanner) table() []column {
	var columns []column
	for n := r.number(); n > 0 && r.err == nil; n-- {
		columns = append(columns, column{r.number(), r.number()})
	}
	return columns
}

// rows passes over the columns of a table and counts the rows of one of them.
func (r *scanner) rows(table []column, spec uint64) (n int64) {
	for _, c := range table {
		data := r.skip(c.size)
		switch c.spec {
		case spec:
			n = r.count(bytes.NewReader(data), len(data))
		case spec | columnDeflated:
			n = r.count(flate.NewReader(bytes.NewReader(data)), maxInflated)
		}
	}
	return n
}

// count counts the rows of a run-length encoded column of numbers.
func (r *scanner) count(from io.Reader, limit int) (n int64) {
	data, err := io.ReadAll(io.LimitReader(from, int64(limit)))
	if err != nil {
		r.err = fmt.Errorf("%w: %w", errCensus, err)
		return 0
	}
	for c := (scanner{b: data}); len(c.b) > 0; {
		switch run := c.signed(); {
		case run > 0: // so many times the same number
			n += run
			c.number()
		case run < 0: // so many numbers
			n -= run
			for ; run < 0 && c.err == nil; run++ {
				c.number()
			}
		default: // so many nulls
			n += int64(c.number())
		}
		if r.err = errors.Join(r.err, c.err); c.err != nil {
			return 0
		}
	}
	return n
}
