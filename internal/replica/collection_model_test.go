package replica_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
)

// shelf is a store as a model: logs of changes that are hashes with deps, a journal,
// and rows. What is written becomes durable in the order of writing.
type shelf struct {
	name    string
	life    int
	docs    map[docid.ID]*log
	journal []replica.Row
	cursors map[string]*wire.Cursor // by the announcer's name
	acked   map[string]*wire.Cursor // by the listener's name
	aside   map[string]map[docid.ID]bool
	keeps   bool // what was answered: a peer does, a relay doesn't
	// refuses are changes that it doesn't take, and why.
	refuses func(change.Hash) string
	// full are documents that it takes nothing of for the time being.
	full func(docid.ID) bool
	// damaged are documents that can't be read for the time being.
	damaged func(docid.ID) bool

	writes []func() // that are not durable yet
}

type log struct {
	born    uint64
	changes []fact
}

// fact is a change of the model.
type fact struct {
	hash change.Hash
	deps []change.Hash
}

func (f fact) encode() []byte {
	b := append([]byte{byte(len(f.deps))}, f.hash[:]...)
	for _, d := range f.deps {
		b = append(b, d[:]...)
	}
	return b
}

func decodeFacts(b []byte) (facts []fact) {
	for len(b) > 0 {
		n, f := int(b[0]), fact{hash: change.Hash(b[1:33])}
		b = b[33:]
		for range n {
			f.deps, b = append(f.deps, change.Hash(b[:32])), b[32:]
		}
		facts = append(facts, f)
	}
	return facts
}

func newShelf(name string) *shelf {
	return &shelf{
		name: name, docs: map[docid.ID]*log{}, cursors: map[string]*wire.Cursor{}, acked: map[string]*wire.Cursor{},
		aside:   map[string]map[docid.ID]bool{},
		refuses: func(change.Hash) string { return "" }, full: func(docid.ID) bool { return false },
		damaged: func(docid.ID) bool { return false },
	}
}

// storage is the name of this life, and origin the same in a row.
func (s *shelf) storage() string { return fmt.Sprintf("%s-%d", s.name, s.life) }

func origin(storage string) (o [16]byte) {
	if storage != "" {
		sum := sha256.Sum256([]byte(storage))
		copy(o[:], sum[:])
	}
	return o
}

// backup returns a copy of what is durable.
func (s *shelf) backup() *shelf {
	c := *s
	c.writes = nil
	c.docs = map[docid.ID]*log{}
	for id, l := range s.docs {
		c.docs[id] = &log{l.born, slices.Clone(l.changes)}
	}
	c.journal = slices.Clone(s.journal)
	c.cursors, c.acked = maps.Clone(s.cursors), maps.Clone(s.acked)
	c.aside = map[string]map[docid.ID]bool{}
	for name, ids := range s.aside {
		c.aside[name] = maps.Clone(ids)
	}
	return &c
}

func (s *shelf) last() uint64 { return uint64(len(s.journal)) }

func (l *log) has(h change.Hash) bool {
	return l != nil && slices.ContainsFunc(l.changes, func(f fact) bool { return f.hash == h })
}

func (l *log) heads() (heads []change.Hash) {
	if l == nil {
		return nil
	}
	for _, f := range l.changes {
		heads = slices.DeleteFunc(heads, func(h change.Hash) bool { return slices.Contains(f.deps, h) })
		heads = append(heads, f.hash)
	}
	return change.SortHashes(heads)
}

func (l *log) have() []change.Hash {
	have := l.heads()
	for back := 1; l != nil && back <= len(l.changes); back *= 2 {
		have = append(have, l.changes[len(l.changes)-back].hash)
	}
	return have[:min(len(have), wire.MaxHave)]
}

// append appends changes at once, and returns the row.
func (s *shelf) append(id docid.ID, from string, facts ...fact) replica.Row {
	l := s.docs[id]
	row := replica.Row{Sequence: s.last() + 1, Document: id, Count: len(facts), Origin: origin(from)}
	if l == nil {
		l = &log{born: row.Sequence}
		s.docs[id] = l
	}
	row.First = len(l.changes)
	l.changes = append(l.changes, facts...)
	s.journal = append(s.journal, row)
	return row
}

// edit makes a change on top of all there is.
func (s *shelf) edit(id docid.ID, rng *rand.Rand) replica.Row {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], rng.Uint64())
	return s.append(id, "", fact{sha256.Sum256(b[:]), s.docs[id].heads()})
}

// take takes what it can of some changes, and says what became of them.
func (s *shelf) take(id docid.ID, from string, facts []fact, heads []change.Hash) (rows []replica.Row, a replica.Applied) {
	a.Document = id
	refused := map[change.Hash]bool{}
	var taken []fact
	has := func(h change.Hash) bool {
		return s.docs[id].has(h) || slices.ContainsFunc(taken, func(f fact) bool { return f.hash == h })
	}
	for _, f := range facts {
		reason := s.refuses(f.hash)
		switch {
		case has(f.hash):
		case s.full(id):
			refused[f.hash] = true
			a.Refused, a.Reason = append(a.Refused, f.hash), "quota"
		case reason != "" || slices.ContainsFunc(f.deps, func(d change.Hash) bool { return refused[d] || s.refuses(d) != "" }):
			if !slices.ContainsFunc(f.deps, func(d change.Hash) bool { return refused[d] }) {
				a.Roots = append(a.Roots, f.hash)
				a.Roots = a.Roots[:min(len(a.Roots), wire.MaxRoots)]
			}
			refused[f.hash] = true
			a.Refused = append(a.Refused, f.hash)
			if a.Reason == "" || a.Reason == "descends" {
				a.Reason = "descends"
				if reason != "" {
					a.Reason = reason
				}
			}
		case slices.ContainsFunc(f.deps, func(d change.Hash) bool { return !has(d) }):
		default:
			taken = append(taken, f)
		}
	}
	if len(taken) > 0 {
		rows = append(rows, s.append(id, from, taken...))
	}
	for _, h := range heads {
		if !has(h) && !refused[h] {
			a.Lacking = append(a.Lacking, h)
		}
	}
	for _, f := range slices.Backward(facts) {
		if has(f.hash) {
			a.Taken++
			if len(a.Have) < 8 {
				a.Have = append(a.Have, f.hash)
			}
		}
	}
	a.Have = append(a.Have, s.docs[id].have()...)
	a.Have = a.Have[:min(len(a.Have), wire.MaxHave)]
	return rows, a
}

// read reads topics for a page of at most so many bytes, and says of which documents
// it can't read what is to be sent.
func (s *shelf) read(topics []replica.Topic, budget int) (read int, documents []wire.Announced, damaged []docid.ID) {
	size := 0
	for _, t := range topics {
		if read > 0 && size >= budget {
			break
		}
		read++
		l := s.docs[t.Document]
		isDamaged := l != nil && s.damaged(t.Document) && len(l.pick(t)) > 0
		if isDamaged {
			damaged = append(damaged, t.Document)
		}
		if l == nil || isDamaged {
			if t.Asked {
				documents = append(documents, wire.Announced{Document: t.Document})
			}
			continue
		}
		a := wire.Announced{Document: t.Document, Heads: l.heads()}
		for _, f := range l.pick(t) {
			b := f.encode()
			if len(a.Changes) > 0 && size+len(b) > budget {
				break
			}
			a.Changes = append(a.Changes, b...)
			size += len(b)
		}
		documents = append(documents, a)
		size++
	}
	return read, documents, damaged
}

// pick returns the changes that a topic wants sent.
func (l *log) pick(t replica.Topic) (facts []fact) {
	if t.Asked {
		known, refused := l.past(t.Have), map[change.Hash]bool{}
		for _, h := range t.Refused {
			refused[h] = true
		}
		return slices.DeleteFunc(slices.Clone(l.changes), func(f fact) bool {
			refused[f.hash] = refused[f.hash] || slices.ContainsFunc(f.deps, func(d change.Hash) bool { return refused[d] })
			return known[f.hash] || refused[f.hash]
		})
	}
	for _, r := range t.Parts(l.born, len(l.changes)) {
		facts = append(facts, l.changes[min(r.First, len(l.changes)):min(r.End, len(l.changes))]...)
	}
	return facts
}

// past returns the changes among some and before them.
func (l *log) past(of []change.Hash) map[change.Hash]bool {
	known := map[change.Hash]bool{}
	for _, h := range of {
		known[h] = true
	}
	for _, f := range slices.Backward(l.changes) {
		if known[f.hash] {
			for _, d := range f.deps {
				known[d] = true
			}
		}
	}
	return known
}

// list returns the collection's documents after one.
func (s *shelf) list(tag docid.Tag, after docid.ID) (ids []docid.ID) {
	for id := range s.docs {
		if t, ok := id.Tag(); ok && t == tag && bytes.Compare(id[:], after[:]) > 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b docid.ID) int { return bytes.Compare(a[:], b[:]) })
	return ids[:min(len(ids), wire.MaxDocuments)]
}

// scan returns the collection's rows of a stretch of the journal.
func (s *shelf) scan(scan replica.Scan, most int) (rows []replica.Row, seen uint64) {
	for seen = scan.After; seen < scan.To && len(rows) < most; seen++ {
		row := s.journal[seen]
		if t, ok := row.Document.Tag(); ok && t == modelTag && row.Count > 0 {
			rows = append(rows, row)
		}
	}
	return rows, seen
}
