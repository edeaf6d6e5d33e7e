package document

import (
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// reader walks a chunk's body. After a fault every read returns zero.
type reader struct {
	b        []byte
	inflated int // bytes, so far
	err      error
}

func (r *reader) fail(err error, where string) {
	if r.err == nil {
		r.err = invalid(err, where)
	}
	r.b = nil
}

func (r *reader) uint(where string) uint64 {
	v, n, err := column.Uleb(r.b)
	if err != nil {
		r.fail(err, where)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) take(n uint64, where string) []byte {
	if n > uint64(len(r.b)) {
		r.fail(errShort, where)
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

// count reads how many items of at least size bytes follow.
func (r *reader) count(size int, where string) int {
	n := r.uint(where)
	if n > uint64(len(r.b)/size) {
		r.fail(errShort, where)
		return 0
	}
	return int(n)
}

func (r *reader) actors() []change.ActorID {
	const where = "actors"
	n := r.count(2, where)
	actors := make([]change.ActorID, 0, n)
	for range n {
		size := r.uint(where)
		if size == 0 || size > change.MaxActorSize {
			r.fail(errActorSize, where)
		}
		actor := change.ActorID(r.take(size, where))
		if last := len(actors) - 1; last >= 0 && actors[last] >= actor {
			r.fail(errOrder, where)
		}
		if r.err != nil {
			return nil
		}
		actors = append(actors, actor)
	}
	return actors
}

func (r *reader) heads() []change.Hash {
	const where = "heads"
	n := r.count(change.HashSize, where)
	raw := r.take(uint64(n)*change.HashSize, where)
	heads := make([]change.Hash, 0, n)
	for ; len(raw) > 0; raw = raw[change.HashSize:] {
		head := change.Hash(raw[:change.HashSize])
		if last := len(heads) - 1; last >= 0 && heads[last].Compare(head) >= 0 {
			r.fail(errOrder, where)
		}
		heads = append(heads, head)
	}
	return heads
}

// indexes reads n indexes below limit; older versions left them out.
func (r *reader) indexes(n, limit int) []int {
	const where = "indexes of the heads"
	if len(r.b) == 0 || r.err != nil {
		return nil
	}
	indexes := make([]int, 0, n)
	for range n {
		i := r.uint(where)
		if i >= uint64(limit) {
			r.fail(errIndex, where)
			return nil
		}
		indexes = append(indexes, int(i))
	}
	return indexes
}

// inflate keeps all of a chunk's columns together within the limit.
func (r *reader) inflate(data []byte, where string, spec uint64) []byte {
	if r.err != nil {
		return nil
	}
	out, err := inflate(data, MaxInflated-r.inflated)
	if err != nil {
		r.fail(err, fmt.Sprintf("%s %d", where, spec))
		return nil
	}
	r.inflated += len(out)
	return out
}
