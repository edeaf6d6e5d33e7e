package opset

import (
	"bytes"
	"hash/maphash"

	"github.com/godwit-sync/godwit/crdt/change"
)

const (
	// perBlock is how many changes lie together. Blocks are never copied when
	// the history grows.
	perBlock = 512
	// longTail is the size in bytes from which a tail isn't copied: it stays in
	// the chunk that it came in.
	longTail = 1 << 10
	// fewRecords is how many are found by looking at each.
	fewRecords = 16
)

// records are changes without what is known of them anyway. They are packed,
// since a long session makes many, and have no pointers, which the collector
// would have to follow.
type records struct {
	blocks []block
	n      int
	rare   []rare // the first stands for none

	table   []int32 // numbers, from 1, of the first indexed records, by their hashes
	indexed int
}

type block struct {
	records []record
	tails   []byte
}

// record is a change as the history keeps it.
type record struct {
	hash              change.Hash
	actor, seq, maxOp uint32
	dep               int32 // the first of its dependencies, or -1
	time              int64
	tail              uint32 // where its tail begins in the block; it ends where the next one begins
	rare              uint32 // what is rare in it, by index
}

// rare is what few changes have.
type rare struct {
	deps    []int32 // further ones
	message string
	extra   []byte
	tail    []byte // if it is a long one
	newer   bool   // only newer versions know all of it
}

func (x *rare) none() bool {
	return len(x.deps)+len(x.message)+len(x.extra)+len(x.tail) == 0 && !x.newer
}

// at returns a record, which doesn't move.
func (s *records) at(i int) *record { return &s.blocks[i/perBlock].records[i%perBlock] }

// rareOf returns what is rare in a record.
func (s *records) rareOf(r *record) rare {
	if r.rare == 0 {
		return rare{}
	}
	return s.rare[r.rare]
}

// add appends a record.
func (s *records) add(r record, tail []byte, others rare) {
	if s.n%perBlock == 0 {
		s.begin()
	}
	b := &s.blocks[len(s.blocks)-1]
	if r.tail = uint32(len(b.tails)); len(tail) < longTail {
		b.tails = append(b.tails, tail...)
	} else {
		others.tail = tail
	}
	others.extra = bytes.Clone(others.extra) // an empty one would keep the chunk, too
	if r.rare = 0; !others.none() {
		r.rare = s.addRare(others)
	}
	b.records = append(b.records, r)
	s.n++
}

// begin adds a block, with room for what the one before it took.
func (s *records) begin() {
	b := block{}
	if last := len(s.blocks) - 1; last >= 0 {
		b.records = make([]record, 0, perBlock)
		b.tails = make([]byte, 0, len(s.blocks[last].tails))
	}
	s.blocks = append(s.blocks, b)
}

func (s *records) addRare(others rare) uint32 {
	if len(s.rare) == 0 {
		s.rare = make([]rare, 1, 2)
	}
	s.rare = append(s.rare, others)
	return uint32(len(s.rare) - 1)
}

// tail returns what of a change's chunk isn't in its record.
func (s *records) tail(i int) []byte {
	b, k := &s.blocks[i/perBlock], i%perBlock
	if others := s.rareOf(&b.records[k]); len(others.tail) > 0 {
		return others.tail
	}
	end := len(b.tails)
	if k+1 < len(b.records) {
		end = int(b.records[k+1].tail)
	}
	return b.tails[b.records[k].tail:end]
}

// deps calls fn with a change's dependencies.
func (s *records) deps(r *record, fn func(int32)) {
	if r.dep < 0 {
		return
	}
	fn(r.dep)
	if r.rare > 0 {
		for _, dep := range s.rare[r.rare].deps {
			fn(dep)
		}
	}
}

// seed keeps those who choose their hashes from choosing where they are in a
// table.
var seed = maphash.MakeSeed()

// find returns which record has a hash.
func (s *records) find(hash change.Hash) (int, bool) {
	if s.n <= fewRecords {
		for i := range s.n {
			if s.at(i).hash == hash {
				return i, true
			}
		}
		return 0, false
	}
	s.index()
	mask := len(s.table) - 1
	for at := place(hash) & mask; s.table[at] != 0; at = (at + 1) & mask {
		if i := int(s.table[at]) - 1; s.at(i).hash == hash {
			return i, true
		}
	}
	return 0, false
}

func place(hash change.Hash) int { return int(maphash.Bytes(seed, hash[:])) }

// index enters the records that came since it was called last. Those who only
// write need no table: their changes follow the heads.
func (s *records) index() {
	if 3*s.n > 2*len(s.table) {
		size := 4 * fewRecords
		for 3*s.n > size {
			size *= 2
		}
		s.table, s.indexed = make([]int32, size), 0
	}
	mask := len(s.table) - 1
	for ; s.indexed < s.n; s.indexed++ {
		at := place(s.at(s.indexed).hash) & mask
		for s.table[at] != 0 {
			at = (at + 1) & mask
		}
		s.table[at] = int32(s.indexed + 1)
	}
}
