package replica

import (
	"math"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// Row is a row of a store's journal that tells of changes.
type Row struct {
	Sequence uint64
	Document docid.ID
	First    int // index of the first change in the document's log
	Count    int
	Origin   [16]byte // who brought them; see [Neighbour]
}

func (r *Row) end() int { return r.First + r.Count }

// Topic is a document that is to be announced, and what of it goes with its name.
type Topic struct {
	Document docid.ID
	// Ranges are the changes to send, by their indices in the log, ascending.
	Ranges []Range
	// Until: what comes after this index is sent, too. [Nothing] if not even that.
	Until int
	// Sequence is the first row that tells of it. If the document was born later,
	// the rows are of a former life, and all of the present one is sent.
	Sequence uint64
	// Asked: it was wanted by somebody who has Have, and what that lacks is sent, but
	// for what is Refused there and what builds on it.
	Asked         bool
	Have, Refused []change.Hash
}

// held is how many bytes of memory a wanted topic takes, about.
func (t *Topic) held() int { return perTopic + (len(t.Have)+len(t.Refused))*hashSize }

// Range are the changes from First up to, and without, End.
type Range struct{ First, End int }

// Nothing is a [Topic.Until] beyond every log.
const Nothing = math.MaxInt

// Parts returns the changes to send with a document that was born with a row of
// the journal and has so many changes by now.
func (t *Topic) Parts(born uint64, length int) []Range {
	if t.Sequence != 0 && born > t.Sequence {
		return []Range{{0, length}}
	}
	if t.Until >= length {
		return t.Ranges
	}
	if n := len(t.Ranges); n > 0 && t.Ranges[n-1].End == t.Until {
		return append(slices.Clone(t.Ranges[:n-1]), Range{t.Ranges[n-1].First, length})
	}
	return append(slices.Clone(t.Ranges), Range{t.Until, length})
}

// fate is what the origin of a row means for whom it is told to.
type fate uint8

const (
	news    fate = iota
	echo         // it brought that itself, in this session
	mention      // somebody of its name brought it: let it see whether it has that
)

// gather makes topics of rows, one for each document, and says how many of the
// rows it took before there were too many documents.
func gather(rows []Row, most int, judge func(*Row) fate) (topics []Topic, taken int) {
	at := map[docid.ID]int{}
	for taken < len(rows) {
		row := &rows[taken]
		i, known := at[row.Document]
		f := judge(row)
		if !known && f != echo {
			if len(topics) == most {
				break
			}
			i, known = len(topics), true
			at[row.Document] = i
			topics = append(topics, Topic{Document: row.Document, Sequence: row.Sequence})
		}
		if known {
			topics[i].add(row, f)
		}
		taken++
	}
	return topics, taken
}

func (t *Topic) add(row *Row, f fate) {
	t.Until = row.end()
	if f != news {
		return
	}
	if n := len(t.Ranges); n > 0 && t.Ranges[n-1].End == row.First {
		t.Ranges[n-1].End = row.end()
	} else {
		t.Ranges = append(t.Ranges, Range{row.First, row.end()})
	}
}
