package storage

import (
	"time"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// runCommitter is the one goroutine that gives sequence numbers and writes
// what readers see. It ends when the queue is closed and empty.
func (s *Store) runCommitter() {
	for {
		waiting := s.queue.take()
		if len(waiting) == 0 {
			return
		}
		g := s.newGroup()
		for _, sub := range waiting {
			g = s.admit(g, sub)
		}
		s.commitGroup(g)
	}
}

// group is what one transaction will make durable.
type group struct {
	parts   [][]write
	writes  int // in all parts
	size    int64
	rows    map[docid.ID]*document // as they will be
	added   []Row                  // to the journal
	last    Seq                    // as it will be
	outcome []outcome
	counts  groupCounts

	makesRoom bool // all in it does
}

// outcome is what a submission's callback will be told.
type outcome struct {
	sub *submission
	seq Seq
	err error
}

func (s *Store) newGroup() *group {
	return &group{rows: make(map[docid.ID]*document), last: s.LastSeq()}
}

// admit adds a submission to the group and returns it; if there is no room, it
// commits that group and begins another.
func (s *Store) admit(g *group, sub *submission) *group {
	if sub.refused != nil {
		g.outcome = append(g.outcome, outcome{sub: sub, err: sub.refused})
		return g
	}
	p, err := s.plan(g, sub)
	if err == nil && !s.fits(g, p, sub) {
		s.commitGroup(g)
		g = s.newGroup()
		p, err = s.plan(g, sub)
	}
	if err == nil {
		err = s.stageSpill(p)
	}
	if err != nil {
		g.outcome = append(g.outcome, outcome{sub: sub, err: err})
		return g
	}
	g.add(p, sub)
	return g
}

func (s *Store) fits(g *group, p *plan, sub *submission) bool {
	if g.writes == 0 {
		return true
	}
	if g.makesRoom != sub.makesRoom() {
		return false
	}
	return g.size+p.size+p.spillSize <= s.profile.groupBytes() &&
		int64(g.writes+len(p.writes)+len(p.spill)+len(sub.entries)) < s.db.MaxBatchCount()-8
}

func (g *group) add(p *plan, sub *submission) {
	g.parts = append(g.parts, p.writes, sub.entries)
	g.writes += len(p.writes) + len(sub.entries)
	g.size += p.size
	g.last = p.last
	g.added = append(g.added, p.added...)
	for _, of := range p.rows {
		g.rows[of.id] = of.row
	}
	g.counts.add(sub)
	g.makesRoom = sub.makesRoom()
	g.outcome = append(g.outcome, outcome{sub: sub, seq: p.last})
}

// commitGroup makes the group durable, publishes it, and only then tells the
// submitters.
func (s *Store) commitGroup(g *group) {
	err := s.commitWrites(g)
	if err == nil {
		for id, row := range g.rows {
			s.rows.put(id, row)
		}
		s.tail.add(g.added)
		s.last.Store(uint64(g.last))
		if s.witness != nil {
			s.witness.advance(g.last)
		}
	}
	for _, o := range g.outcome {
		s.settle(o, err)
	}
}

func (s *Store) commitWrites(g *group) error {
	if g.writes == 0 {
		return nil
	}
	if failure := s.failure.Load(); failure != nil {
		return *failure
	}
	if err := s.checkSpace(s.reserve(g.makesRoom)); err != nil {
		return err
	}
	began := time.Now()
	if err := s.write(g.parts...); err != nil {
		return err
	}
	s.counts.committed(g, time.Since(began))
	return nil
}

// settle tells one submitter. What a batch that was not written has staged is
// removed first.
func (s *Store) settle(o outcome, err error) {
	if o.err != nil {
		err = o.err
	}
	s.queue.release(o.sub)
	if err != nil {
		s.unstage(o.sub.stage)
		o.sub.done(0, err)
		return
	}
	o.sub.done(o.seq, nil)
}

// row returns a document's row as the group will leave it; nil if the document
// has none yet. It must not be modified.
func (s *Store) row(g *group, id docid.ID) (*document, error) {
	if row, ok := g.rows[id]; ok {
		return row, nil
	}
	if row, ok := s.rows.get(id); ok {
		return row, nil
	}
	return s.readRow(id)
}
