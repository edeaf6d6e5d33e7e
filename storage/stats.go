package storage

import (
	"sync/atomic"
	"time"
)

// Stats is a snapshot of a store's counters since Open, and of its sizes.
type Stats struct {
	Last         Seq
	Waiting      int           // batches in the queue
	Transactions int64         // durable commits of the committer
	Batches      int64         // batches that these carried
	Appends      int64         // journal rows of changes
	Changes      int64         // changes appended
	Bytes        int64         // of those changes' chunks
	Purges       int64         // documents purged
	Staged       int64         // bytes written before their commit
	Refused      int64         // writes refused for want of disk space
	LargestGroup int64         // most batches in one transaction
	CommitTime   time.Duration // spent in durable commits
	DiskFree     int64         // bytes of free disk; -1 if unknown or in memory
	Size         int64         // bytes of Badger's tables, updated once a minute
}

// Stats returns the store's figures, for metrics. It reads memory and makes one
// system call.
func (s *Store) Stats() Stats {
	c := &s.counts
	stats := Stats{
		Last:         s.LastSeq(),
		Waiting:      s.queue.len(),
		Transactions: c.transactions.Load(),
		Batches:      c.batches.Load(),
		Appends:      c.appends.Load(),
		Changes:      c.changes.Load(),
		Bytes:        c.bytes.Load(),
		Purges:       c.purges.Load(),
		Staged:       c.staged.Load(),
		Refused:      c.refused.Load(),
		LargestGroup: c.largest.Load(),
		CommitTime:   time.Duration(c.nanoseconds.Load()),
		DiskFree:     -1,
	}
	if s.enter() == nil {
		stats.Size, _ = s.db.Size()
		s.leave()
	}
	if s.options.InMemory {
		return stats
	}
	if free, err := s.options.freeSpace(s.path); err == nil {
		stats.DiskFree = int64(min(free, 1<<62))
	}
	return stats
}

type counts struct {
	transactions, batches, appends, changes, bytes atomic.Int64
	staged, refused, purges, largest, nanoseconds  atomic.Int64
}

// groupCounts is one group's share of the counts.
type groupCounts struct{ batches, appends, changes, bytes, purges int64 }

func (g *groupCounts) add(sub *submission) {
	g.batches++
	if sub.purge != nil {
		g.purges++
	}
	for _, a := range sub.batch.Appends {
		g.appends++
		g.changes += int64(len(a.Changes))
		for _, c := range a.Changes {
			g.bytes += int64(len(c.Bytes()))
		}
	}
}

// committed counts a group. Only the committer calls it.
func (c *counts) committed(g *group, took time.Duration) {
	c.transactions.Add(1)
	c.batches.Add(g.counts.batches)
	c.appends.Add(g.counts.appends)
	c.changes.Add(g.counts.changes)
	c.bytes.Add(g.counts.bytes)
	c.purges.Add(g.counts.purges)
	c.nanoseconds.Add(int64(took))
	c.largest.Store(max(c.largest.Load(), g.counts.batches))
}
