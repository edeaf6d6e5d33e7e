package sync

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// What our own filters use, as Automerge's do: a false positive rate of 1 %.
const (
	bloomBitsPerEntry = 10
	bloomProbes       = 7
)

// Bounds of foreign filters; protocol constants, see docs/PROTOCOL.md. The
// reference implementation crashes on zero bits and on 2³²-1 probes.
const (
	MaxBloomBytes  = 4 << 20
	maxBloomBits   = 64
	maxBloomProbes = 32
	maxBloomHeader = 16
)

// Bloom is a Bloom filter over change hashes, after "Space/Time Trade-offs in
// Hash Coding with Allowable Errors" (Bloom, 1970), with triple hashing as
// Automerge does it. The zero value holds nothing.
type Bloom struct {
	entries uint32
	bits    uint32 // per entry
	probes  uint32
	field   []byte
}

// NewBloom returns an empty filter with room for a number of hashes. Its field
// has ten bits per hash, or fewer where it would be larger than a neighbour
// takes.
func NewBloom(entries int) Bloom {
	if entries == 0 {
		return Bloom{}
	}
	bits := min(bloomBitsPerEntry, max(1, 8*(MaxBloomBytes-maxBloomHeader)/entries))
	b := Bloom{entries: uint32(entries), bits: uint32(bits), probes: bloomProbes}
	b.field = make([]byte, b.size())
	return b
}

func (b Bloom) isEmpty() bool { return len(b.field) == 0 }

func (b Bloom) clone() Bloom {
	b.field = slices.Clone(b.field)
	return b
}

// Add puts a hash into the filter.
func (b Bloom) Add(h change.Hash) {
	b.probe(h, func(bit uint32) bool {
		b.field[bit>>3] |= 1 << (bit & 7)
		return true
	})
}

// Has reports whether a hash is in the filter; it may be wrong in saying yes.
func (b Bloom) Has(h change.Hash) bool {
	if len(b.field) == 0 {
		return false
	}
	has := true
	b.probe(h, func(bit uint32) bool {
		has = b.field[bit>>3]&(1<<(bit&7)) != 0
		return has
	})
	return has
}

func (b Bloom) probe(h change.Hash, visit func(bit uint32) bool) {
	m := uint32(len(b.field)) * 8
	x := binary.LittleEndian.Uint32(h[0:]) % m
	y := binary.LittleEndian.Uint32(h[4:]) % m
	z := binary.LittleEndian.Uint32(h[8:]) % m
	for i := uint32(0); ; i++ {
		if !visit(x) || i+1 >= b.probes {
			return
		}
		x = (x + y) % m
		y = (y + z) % m
	}
}

// size returns the length of the filter's field in bytes.
func (b Bloom) size() uint64 { return (uint64(b.entries)*uint64(b.bits) + 7) / 8 }

// Append encodes the filter.
func (b Bloom) Append(dst []byte) []byte {
	if b.entries == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(b.entries))
	dst = binary.AppendUvarint(dst, uint64(b.bits))
	dst = binary.AppendUvarint(dst, uint64(b.probes))
	return append(dst, b.field...)
}

// decodeBloom reads a foreign filter; the result aliases raw.
func decodeBloom(raw []byte) (Bloom, error) {
	if len(raw) == 0 {
		return Bloom{}, nil
	}
	if len(raw) > MaxBloomBytes {
		return Bloom{}, fmt.Errorf("a Bloom filter of %d bytes, at most %d", len(raw), MaxBloomBytes)
	}
	d := decoder{rest: raw}
	b := Bloom{
		entries: uint32(d.count("Bloom entries", 8*MaxBloomBytes)),
		bits:    uint32(d.count("Bloom bits per entry", maxBloomBits)),
		probes:  uint32(d.count("Bloom probes", maxBloomProbes)),
	}
	b.field = d.rest
	switch {
	case d.err != nil:
		return Bloom{}, d.err
	case b.entries == 0:
		return Bloom{}, nil
	case b.bits == 0 || b.probes == 0:
		return Bloom{}, fmt.Errorf("a Bloom filter with %d bits and %d probes", b.bits, b.probes)
	case b.size() != uint64(len(b.field)):
		return Bloom{}, fmt.Errorf("a Bloom filter of %d bytes for %d entries", len(b.field), b.entries)
	}
	return b, nil
}
