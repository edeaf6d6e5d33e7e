package query

import (
	"cmp"
	"slices"
	"sort"
)

// maxBlock is how many ranks are moved at most when one is inserted.
const maxBlock = 512

// ranks is a sorted list of ranks that knows the number of each, in blocks
// that are not empty.
type ranks struct {
	blocks [][]string
	n      int
}

// find returns where a rank is, or should be, and whether it is.
func (r *ranks) find(rank string) (block, at int, found bool) {
	block = sort.Search(len(r.blocks), func(i int) bool {
		return r.blocks[i][len(r.blocks[i])-1] >= rank
	})
	if block == len(r.blocks) {
		if block == 0 {
			return 0, 0, false
		}
		return block - 1, len(r.blocks[block-1]), false
	}
	at, found = slices.BinarySearchFunc(r.blocks[block], rank, cmp.Compare[string])
	return block, at, found
}

// number returns how many ranks are before a place.
func (r *ranks) number(block, at int) int {
	for _, b := range r.blocks[:block] {
		at += len(b)
	}
	return at
}

// insert adds a rank that isn't there and returns its number.
func (r *ranks) insert(rank string) int {
	block, at, _ := r.find(rank)
	number := r.number(block, at)
	r.n++
	if len(r.blocks) == 0 {
		r.blocks = [][]string{{rank}}
		return number
	}
	b := slices.Insert(r.blocks[block], at, rank)
	if r.blocks[block] = b; len(b) > maxBlock {
		half := len(b) / 2
		r.blocks[block] = slices.Clone(b[:half])
		r.blocks = slices.Insert(r.blocks, block+1, slices.Clone(b[half:]))
	}
	return number
}

// delete takes a rank out that is there and returns the number that it had.
func (r *ranks) delete(rank string) int {
	block, at, _ := r.find(rank)
	number := r.number(block, at)
	r.n--
	if r.blocks[block] = slices.Delete(r.blocks[block], at, at+1); len(r.blocks[block]) == 0 {
		r.blocks = slices.Delete(r.blocks, block, block+1)
	}
	return number
}

// at returns the rank with a number that is there.
func (r *ranks) at(number int) string {
	for _, b := range r.blocks {
		if number < len(b) {
			return b[number]
		}
		number -= len(b)
	}
	return ""
}

func (r *ranks) last() string { return r.at(r.n - 1) }
