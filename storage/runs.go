package storage

import (
	"encoding/binary"

	"github.com/godwit-sync/godwit/crdt/change"
)

// A run is a stretch of a log under one index: several small changes in one
// piece, or one large change in several. Its pieces' values begin with the
// format's version and one of these.
const (
	runFirst = 0 // then the number of changes, then chunks
	runNext  = 1 // then the continuation of the former piece
	runLink  = 2 // then, sealed, where the changes are staged
)

// runHeader is the most that a piece holds besides chunks.
const runHeader = 2 + binary.MaxVarintLen64

// write is one key of a transaction and what becomes of it.
type write struct {
	key, value []byte
	delete     bool
}

// size is what the write counts towards Badger's limits, rounded up.
func (w write) size() int64 { return int64(len(w.key)+len(w.value)) + writeOverhead }

const writeOverhead = 16

func sizeOf(writes []write) int64 {
	var n int64
	for _, w := range writes {
		n += w.size()
	}
	return n
}

// eachRun cuts changes into runs and their pieces, and hands on each as a
// write. The first change has the given index in the log.
func eachRun(log []byte, first int, changes []*change.Change, emit func(write) error) error {
	for start := 0; start < len(changes); {
		end, size := start+1, len(changes[start].Bytes())
		for end < len(changes) && size+len(changes[end].Bytes()) <= maxPiece-runHeader {
			size += len(changes[end].Bytes())
			end++
		}
		if err := eachPiece(log, first+end-1, changes[start:end], size, emit); err != nil {
			return err
		}
		start = end
	}
	return nil
}

func eachPiece(log []byte, last int, run []*change.Change, size int, emit func(write) error) error {
	if len(run) > 1 || size <= maxPiece-runHeader {
		value := append(make([]byte, 0, runHeader+size), formatVersion, runFirst)
		value = binary.AppendUvarint(value, uint64(len(run)))
		for _, c := range run {
			value = append(value, c.Bytes()...)
		}
		return emit(write{key: runKey(log, last, 0), value: value})
	}
	head := []byte{formatVersion, runFirst, 1}
	rest := run[0].Bytes()
	for piece := 0; len(rest) > 0; piece++ {
		n := min(len(rest), maxPiece-runHeader)
		value := append(make([]byte, 0, len(head)+n), head...)
		if err := emit(write{key: runKey(log, last, piece), value: append(value, rest[:n]...)}); err != nil {
			return err
		}
		rest, head = rest[n:], []byte{formatVersion, runNext}
	}
	return nil
}

// link says that the changes of a run are staged: count of them, from index
// offset of the stage on.
type link struct {
	count, offset int
	stage         stageID
}

// isLink tells whether the value of a log's run is a link. What is staged holds
// none.
func isLink(log, value []byte) bool {
	return log[0] == tagPayload && len(value) > 1 && value[1] == runLink
}

func (l link) encode(key []byte) []byte {
	body := binary.AppendUvarint([]byte{runLink}, uint64(l.count))
	body = append(body, l.stage[:]...)
	return seal(key, binary.AppendUvarint(body, uint64(l.offset)))
}

func decodeLink(key, value []byte) (link, error) {
	body, err := unseal(key, value)
	if err != nil {
		return link{}, err
	}
	f := fields{rest: body}
	f.bad = f.byte() != runLink
	l := link{count: f.int()}
	copy(l.stage[:], f.bytes(ownerSize))
	l.offset = f.int()
	if f.bad || l.count == 0 {
		return link{}, damaged("link %q can't be read", key)
	}
	return l, nil
}
