package change

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"

	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// compressAbove is the size in bytes from which a change is worth compressing;
// Automerge uses the same.
const compressAbove = 256

var errInflate = &fault{RuleInflate, "broken deflate stream"}

// inflaters and deflaters keep their windows, which are many times larger than
// most changes.
var (
	inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}
	deflaters = sync.Pool{New: func() any {
		w, _ := flate.NewWriter(nil, flate.DefaultCompression)
		return w
	}}
)

// inflater is what package flate reads with.
type inflater interface {
	io.Reader
	flate.Resetter
}

// inflate makes a chunk of type 1 of one of type 2. It stops at [MaxChunk].
func inflate(b []byte, f frame) (chunk []byte, body int, err error) {
	src := bytes.NewReader(b[f.start:f.end])
	r := inflaters.Get().(inflater)
	if err := r.Reset(src, nil); err != nil {
		return nil, 0, errInflate
	}
	defer func() {
		src.Reset(nil) // the pool must not keep the chunk alive
		inflaters.Put(r)
	}()
	// The frame's length is known only after the body is: leave room for it.
	out, err := readAll(r, make([]byte, maxFrame, maxFrame+min(4*(f.end-f.start), 1<<20)+1))
	if err != nil {
		return nil, 0, err
	}
	if src.Len() > 0 {
		return nil, 0, errInflate
	}
	n := len(out) - maxFrame
	start := lengthStart + column.UlebSize(uint64(n))
	chunk = out[maxFrame-start:]
	copy(chunk, b[:typeStart])
	chunk[typeStart] = TypeChange
	column.AppendUleb(chunk[:lengthStart], uint64(n))
	return chunk, start, nil
}

// readAll appends what r holds to out, at most maxBody bytes. The memory it
// takes grows with what was read, never with what a length claims.
func readAll(r io.Reader, out []byte) ([]byte, error) {
	const most = maxFrame + int(maxBody) + 1
	for {
		n, err := r.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		switch {
		case len(out) == most:
			return nil, errChunkSize
		case err == io.EOF:
			return out, nil
		case err != nil:
			return nil, errInflate
		case len(out) == cap(out):
			out = append(make([]byte, 0, min(2*cap(out), most)), out...)
		}
	}
}

// Compressed returns the change as it is best sent or stored: a chunk of type
// 2 if that is shorter than the one of type 1. The caller must not modify it.
func (c *Change) Compressed() []byte {
	if len(c.chunk) <= compressAbove {
		return c.chunk
	}
	body := c.chunk[c.body:]
	var deflated bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	w.Reset(&deflated)
	// Writing to memory can't fail.
	_, _ = w.Write(body)
	_ = w.Close()
	w.Reset(io.Discard)
	deflaters.Put(w)
	if deflated.Len() >= len(body) {
		return c.chunk
	}
	out := make([]byte, 0, maxFrame+deflated.Len())
	out = append(out, c.chunk[:typeStart]...)
	out = append(out, TypeCompressed)
	out = column.AppendUleb(out, uint64(deflated.Len()))
	return append(out, deflated.Bytes()...)
}
