package replica

import "github.com/godwit-sync/godwit/crdt/docid"

// left is about how much there is to catch up with, never zero before the end.
func (a *Announcer) left(last bool) uint64 {
	c := &a.catchUp
	due := uint64(len(a.batches[CatchUp].topics))
	switch {
	case last:
		return 0
	case c.listing:
		return max(due+a.unlisted(), 1)
	default:
		return max(a.terms.End-c.at, due, 1)
	}
}

// unlisted is about how many documents the listing has still to name. Ids are spread
// evenly over their collection, so those that were listed tell how close they are;
// to count the others would cost more than the page. Every document has a row.
func (a *Announcer) unlisted() uint64 {
	c := &a.catchUp
	covered := place(c.after) - place(c.began)
	if covered <= 0 {
		return 0
	}
	left := float64(c.listed) / covered * (1 - place(c.after))
	return uint64(min(left, float64(a.terms.End)))
}

// place returns where among the ids of its collection an id is, from 0 to 1.
func place(id docid.ID) float64 {
	const version, variant = 0xf, 0x3f // without these bits
	high := uint64(id[6]&version)<<14 | uint64(id[7])<<6 | uint64(id[8]&variant)
	return (float64(high) + float64(id[9])/(1<<8) + float64(id[10])/(1<<16)) / (1 << 18)
}
