package load

import (
	"encoding/binary"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
)

// chunkHead is what precedes a change chunk's length: magic, checksum, type.
const chunkHead = 4 + 4 + 1

// peek reads a change chunk's author and sequence number, and nothing else:
// the caller compares the whole chunk with the one that was made.
func peek(chunk []byte) (actor []byte, seq uint64, err error) {
	if len(chunk) <= chunkHead || chunk[chunkHead-1] != change.TypeChange {
		return nil, 0, fmt.Errorf("%w: not a change chunk of type 1", ErrForeign)
	}
	p := peeker{rest: chunk[chunkHead:]}
	p.number() // the body's length
	p.take(p.number() * change.HashSize)
	actor = p.take(p.number())
	if seq = p.number(); p.short {
		return nil, 0, fmt.Errorf("%w: a chunk that ends early", ErrForeign)
	}
	return actor, seq, nil
}

// peeker reads from the front of rest; after the end it reads zeros.
type peeker struct {
	rest  []byte
	short bool
}

func (p *peeker) number() uint64 {
	v, n := binary.Uvarint(p.rest)
	if n <= 0 {
		p.rest, p.short = nil, true
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

func (p *peeker) take(n uint64) []byte {
	if n > uint64(len(p.rest)) {
		p.rest, p.short = nil, true
		return nil
	}
	taken := p.rest[:n]
	p.rest = p.rest[n:]
	return taken
}
