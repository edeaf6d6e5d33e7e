package query

import (
	"bytes"
	"context"
	"iter"
	"slices"
)

// sorted yields the matches of sources that aren't in order. With a limit, it
// keeps the first only, with their fields; otherwise all, without.
func (r *run) sorted(ctx context.Context, sources []source) candidates {
	return func(yield func(candidate, error) bool) {
		top := top{limit: r.limit}
		for _, s := range sources {
			for c, err := range r.read(ctx, s) {
				if err == nil {
					err = r.put(ctx, &top, c)
				}
				if err != nil {
					yield(candidate{}, err)
					return
				}
			}
		}
		top.trim()
		for _, c := range top.kept {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// put adds a candidate to the top if it matches and is behind the cursor.
func (r *run) put(ctx context.Context, top *top, c candidate) error {
	c, ok, err := r.matching(ctx, c)
	if err != nil || !ok {
		return err
	}
	r.scratch = r.plan.way.order.rank(r.scratch[:0], c.Fields, c.ID)
	if bytes.Compare(r.scratch, r.after) <= 0 || top.isFull(r.scratch) {
		return nil
	}
	if c.rank, c.sure = bytes.Clone(r.scratch), true; r.limit == 0 {
		c.Fields = nil
	}
	top.add(c)
	return nil
}

// top are the first of many candidates; with limit 0 all of them.
type top struct {
	limit int
	kept  []candidate
	bound []byte // none with a higher rank is among the first; nil = unknown
}

func (t *top) isFull(rank []byte) bool { return t.bound != nil && bytes.Compare(rank, t.bound) > 0 }

func (t *top) add(c candidate) {
	t.kept = append(t.kept, c)
	if t.limit > 0 && len(t.kept) >= 2*t.limit+16 {
		t.trim()
	}
}

// trim sorts what is kept and drops what is beyond the limit.
func (t *top) trim() {
	slices.SortFunc(t.kept, func(a, b candidate) int { return bytes.Compare(a.rank, b.rank) })
	t.kept = slices.CompactFunc(t.kept, func(a, b candidate) bool { return bytes.Equal(a.rank, b.rank) })
	if t.limit > 0 && len(t.kept) >= t.limit {
		clear(t.kept[t.limit:])
		t.kept = t.kept[:t.limit]
		t.bound = t.kept[t.limit-1].rank
	}
}

// merged yields the candidates of several ordered streams in order.
func merged(streams []candidates) candidates {
	if len(streams) == 1 {
		return streams[0]
	}
	return func(yield func(candidate, error) bool) {
		var heads []head
		defer func() {
			for _, h := range heads {
				h.stop()
			}
		}()
		for _, s := range streams {
			h := head{}
			h.next, h.stop = iter.Pull2(s)
			heads = append(heads, h)
			if !heads[len(heads)-1].advance() {
				heads = heads[:len(heads)-1]
			}
		}
		for len(heads) > 0 {
			i := lowestHead(heads)
			if h := heads[i]; !yield(h.candidate, h.err) || h.err != nil {
				return
			}
			if !heads[i].advance() {
				heads = slices.Delete(heads, i, i+1)
			}
		}
	}
}

// head is the first candidate left of a stream.
type head struct {
	candidate
	err  error
	next func() (candidate, error, bool)
	stop func()
}

// advance reports whether there is another one, or an error.
func (h *head) advance() (ok bool) {
	h.candidate, h.err, ok = h.next()
	return ok
}

// lowestHead returns the number of the head that comes first, an error before
// all others.
func lowestHead(heads []head) int {
	low := 0
	for i, h := range heads {
		if h.err != nil {
			return i
		}
		if bytes.Compare(h.rank, heads[low].rank) < 0 {
			low = i
		}
	}
	return low
}
