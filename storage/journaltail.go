package storage

import (
	"bytes"
	"sync"
)

// journalTail keeps the newest rows of the journal in memory, for those who
// follow it.
type journalTail struct {
	mu    sync.RWMutex
	rows  []Row // the row of sequence n is at n modulo the length
	first Seq   // the oldest
	next  Seq   // the sequence of the row that will come
}

func newJournalTail(size int, last Seq) *journalTail {
	return &journalTail{rows: make([]Row, size), first: last + 1, next: last + 1}
}

// add takes in the rows that follow.
func (t *journalTail) add(rows []Row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, row := range rows {
		t.rows[t.next%Seq(len(t.rows))] = row
		t.next++
	}
	if t.next-t.first > Seq(len(t.rows)) {
		t.first = t.next - Seq(len(t.rows))
	}
}

// page returns the rows of documents whose ids begin with prefix after one
// sequence number and up to another, about a page of them, and the last sequence
// number that it looked at; false if it doesn't go back so far.
func (t *journalTail) page(from, to Seq, prefix []byte) (page []Row, seen Seq, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if from+1 < t.first || to >= t.next {
		return nil, from, false
	}
	for seen = from; seen < to && len(page) < pageRows; {
		seen++
		row := &t.rows[seen%Seq(len(t.rows))]
		if bytes.HasPrefix(row.Document[:], prefix) {
			page = append(page, *row)
		}
	}
	return page, seen, true
}
