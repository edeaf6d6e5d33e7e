package storage

import (
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// A document's row holds up to inlineHeads heads. More go under a stage of
// their own, and so do more than fewHeads if a batch would not fit into a
// transaction otherwise.
const (
	inlineHeads = 64
	fewHeads    = 2
)

// plan is what one batch adds to a group, besides its entries.
type plan struct {
	writes []write
	size   int64
	rows   []planned
	added  []Row // to the journal
	last   Seq

	spill     []write // heads that their rows have no room for
	spillSize int64
	stages    []stageID // of those heads
}

// planned is a document's row as it will be; nil if it has ended.
type planned struct {
	id  docid.ID
	row *document
}

// plan works out a batch's writes on top of the group's. It changes neither.
func (s *Store) plan(g *group, sub *submission) (*plan, error) {
	p, err := s.planWith(g, sub, inlineHeads)
	if err == nil && p.size+p.spillSize > s.profile.groupBytes() {
		p, err = s.planWith(g, sub, fewHeads)
	}
	return p, err
}

func (s *Store) planWith(g *group, sub *submission, inline int) (*plan, error) {
	b := sub.batch
	p := &plan{
		writes: make([]write, 0, 3*len(b.Appends)+len(sub.extra)+1),
		rows:   make([]planned, 0, len(b.Appends)),
		added:  make([]Row, 0, len(b.Appends)),
		last:   g.last,
	}
	if sub.purge != nil {
		old, err := s.row(g, *sub.purge)
		if err != nil {
			return nil, err
		}
		if err := p.purge(*sub.purge, old); err != nil {
			return nil, err
		}
	}
	first, offset := g.last+1, 0
	for i := range b.Appends {
		a := &b.Appends[i]
		old, err := s.row(g, a.Document)
		if err != nil {
			return nil, err
		}
		row, err := p.append(a, old, first)
		if err != nil {
			return nil, err
		}
		if err := p.payload(a, row.born, sub.stage, offset); err != nil {
			return nil, err
		}
		s.planRow(p, planned{a.Document, row}, old, inline)
		offset += len(a.Changes)
	}
	if sub.stage != (stageID{}) {
		p.add(write{key: stageKey(sub.stage), delete: true})
	}
	p.size += sizeOf(sub.entries)
	for _, w := range sub.extra {
		p.add(w)
	}
	return p, nil
}

// append checks an append's base, and works out its journal row and the
// document's new row.
func (p *plan) append(a *Append, old *document, first Seq) (*document, error) {
	if old == nil {
		old = &document{}
	}
	if a.Base != old.changes {
		return nil, fmt.Errorf("%w: append to %s at %d: the log holds %d changes; read it again and retry",
			ErrConflict, a.Document, a.Base, old.changes)
	}
	p.last++
	row := &document{
		born:    old.born,
		changes: old.changes + len(a.Changes),
		bytes:   old.bytes,
		last:    p.last,
		heads:   newHeads(old.heads, a.Changes),
	}
	if old.changes == 0 {
		row.born = p.last
	}
	for _, c := range a.Changes {
		row.bytes += int64(len(c.Bytes()))
	}
	p.journal(&Row{
		Seq: p.last, Kind: KindChanges, Document: a.Document,
		First: a.Base, Count: len(a.Changes), Batch: first, Origin: a.Origin,
	})
	return row, nil
}

func (p *plan) journal(row *Row) {
	key := journalKey(row.Seq)
	p.added = append(p.added, *row)
	p.add(write{key: key, value: seal(key, row.encode())})
}

// payload adds an append's changes, or a link to where they are staged.
func (p *plan) payload(a *Append, born Seq, stage stageID, offset int) error {
	log := life{a.Document, born}.prefix()
	if stage == (stageID{}) {
		return eachRun(log, a.Base, a.Changes, func(w write) error {
			p.add(w)
			return nil
		})
	}
	key := runKey(log, a.Base+len(a.Changes)-1, 0)
	p.add(write{key: key, value: link{len(a.Changes), offset, stage}.encode(key)})
	return nil
}

// planRow adds a document's row, spills its heads if they are many, and
// removes those that the old row had spilled.
func (s *Store) planRow(p *plan, of planned, old *document, inline int) {
	row := of.row
	p.rows = append(p.rows, of)
	if len(row.heads) > inline {
		row.spill = s.newStage()
		p.stages = append(p.stages, row.spill)
		for _, w := range spillWrites(row.spill, row.heads) {
			p.spill = append(p.spill, w)
			p.spillSize += w.size()
		}
	}
	if old != nil {
		p.dropSpill(old)
	}
	key := documentKey(of.id)
	p.add(write{key: key, value: row.seal(key)})
}

// dropSpill removes the heads that a row had no room for.
func (p *plan) dropSpill(old *document) {
	if old.spill == (stageID{}) {
		return
	}
	for piece := range spillPieces(len(old.heads)) {
		p.add(write{key: runKey(old.spill.prefix(), 0, piece), delete: true})
	}
}

func (p *plan) add(w write) {
	p.writes = append(p.writes, w)
	p.size += w.size()
}

// stageSpill puts spilled heads into the plan's own transaction if they fit,
// and else writes them before it, marked as staged until it commits.
func (s *Store) stageSpill(p *plan) error {
	if p.size+p.spillSize <= s.profile.groupBytes() {
		p.writes = append(p.writes, p.spill...)
		p.size += p.spillSize
		return nil
	}
	for _, id := range p.stages {
		key := stageKey(id)
		if err := s.write([]write{{key: key, value: seal(key, nil)}}); err != nil {
			return err
		}
		p.add(write{key: key, delete: true})
	}
	return s.writeAll(p.spill)
}

// writeAll writes in as many transactions as it takes.
func (s *Store) writeAll(writes []write) error {
	for len(writes) > 0 {
		n, size := 1, writes[0].size()
		for n < len(writes) && size+writes[n].size() <= s.profile.stageBytes {
			size += writes[n].size()
			n++
		}
		if err := s.checkSpace(s.reserve(false)); err != nil {
			return err
		}
		if err := s.write(writes[:n]); err != nil {
			return err
		}
		writes = writes[n:]
	}
	return nil
}

// newHeads returns (old − deps of the new) ∪ new without successors, sorted.
func newHeads(old []change.Hash, changes []*change.Change) []change.Hash {
	followed := make(map[change.Hash]struct{}, 2*len(changes))
	for _, c := range changes {
		for _, dep := range c.Deps {
			followed[dep] = struct{}{}
		}
	}
	var heads []change.Hash
	for _, h := range old {
		if _, ok := followed[h]; !ok {
			heads = append(heads, h)
		}
	}
	for _, c := range changes {
		if _, ok := followed[c.Hash]; !ok {
			heads = append(heads, c.Hash)
		}
	}
	return change.SortHashes(heads)
}

// headsPerPiece hashes make one piece of spilled heads.
const headsPerPiece = maxPiece / change.HashSize / 2

func spillPieces(heads int) int { return (heads + headsPerPiece - 1) / headsPerPiece }

func spillWrites(id stageID, heads []change.Hash) []write {
	writes := make([]write, spillPieces(len(heads)))
	for piece := range writes {
		part := heads[piece*headsPerPiece : min(len(heads), (piece+1)*headsPerPiece)]
		key := runKey(id.prefix(), 0, piece)
		writes[piece] = write{key: key, value: seal(key, encodeHeads(part))}
	}
	return writes
}
