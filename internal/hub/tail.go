package hub

import "bytes"

// tailBytes bounds a tail.
const tailBytes = 16 << 10

// tail keeps the newest changes' bytes, which are about to be sent to the
// other neighbours, so that they needn't be read back from the store. It ends
// where the log ends, or is empty.
type tail struct {
	first  int // index of chunks[0]
	chunks [][]byte
	bytes  int
}

// add keeps a copy of the chunk at an index, which is the log's next.
func (t *tail) add(index int, chunk []byte) {
	if len(chunk) > tailBytes || index != t.first+len(t.chunks) {
		*t = tail{first: index}
	}
	if len(chunk) > tailBytes {
		t.first++
		return
	}
	t.chunks = append(t.chunks, bytes.Clone(chunk))
	t.bytes += len(chunk)
	drop := 0
	for t.bytes > tailBytes {
		t.bytes -= len(t.chunks[drop])
		t.chunks[drop] = nil
		drop++
	}
	t.chunks = t.chunks[drop:]
	t.first += drop
}

// get returns the chunks at some indices, ascending; nil unless it has them
// all.
func (t *tail) get(indices []int) [][]byte {
	if len(indices) == 0 || indices[0] < t.first || indices[len(indices)-1] >= t.first+len(t.chunks) {
		return nil
	}
	chunks := make([][]byte, len(indices))
	for n, i := range indices {
		chunks[n] = t.chunks[i-t.first]
	}
	return chunks
}

// footprint estimates the memory that the tail takes, in bytes.
func (t *tail) footprint() int64 {
	const perChunk = 40
	return int64(t.bytes + cap(t.chunks)*perChunk)
}
