package document

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// deflateFrom is the size in bytes from which a column is deflated, whether
// that makes it shorter or not; Automerge uses the same.
const deflateFrom = 256

// level is the fastest at which the editing trace takes no more room than when
// Automerge saves it.
const level = 7

var (
	inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}
	deflaters = sync.Pool{New: func() any {
		w, _ := flate.NewWriter(nil, level)
		return w
	}}
)

// inflater is what package flate reads with.
type inflater interface {
	io.Reader
	flate.Resetter
}

// inflate returns what a deflated column holds, at most limit bytes. The
// memory it takes grows with what was read.
func inflate(data []byte, limit int) ([]byte, error) {
	src := bytes.NewReader(data)
	r := inflaters.Get().(inflater)
	defer func() {
		src.Reset(nil) // the pool must not keep the chunk alive
		inflaters.Put(r)
	}()
	if err := r.Reset(src, nil); err != nil {
		return nil, errInflate
	}
	out := make([]byte, 0, min(4*len(data)+512, limit+1))
	for {
		n, err := r.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		switch {
		case len(out) > limit:
			return nil, errLarge
		case errors.Is(err, io.EOF) && src.Len() > 0:
			return nil, errTrailing
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, errInflate
		case len(out) == cap(out):
			out = append(make([]byte, 0, min(2*cap(out), limit+1)), out...)
		}
	}
}

// appendDeflated appends data, deflated.
func appendDeflated(out, data []byte) []byte {
	buf := bytes.NewBuffer(out)
	w := deflaters.Get().(*flate.Writer)
	w.Reset(buf)
	// Writing to memory can't fail.
	_, _ = w.Write(data)
	_ = w.Close()
	w.Reset(io.Discard)
	deflaters.Put(w)
	return buf.Bytes()
}
