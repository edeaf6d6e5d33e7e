package peer

import "github.com/godwit-sync/godwit/internal/hub"

// rounds are how a collection travels in one direction. A round begins when the relay
// is asked, over whichever link, and has caught up when all is across that there was
// then; what is new goes after it until the round ends.
type rounds struct {
	ask  func(to *hub.Link, collection string, afresh bool) error
	stop func(to *hub.Link, collection string)

	wanted int // how many have asked for it in so many words
	going  bool
	begun  uint64 // how many
	caught uint64 // the newest that has caught up
	listed uint64 // the newest that began by a full listing
	afresh uint64 // the first of those that are to begin so, until one has caught up; 0 = none
	quiet  bool   // this one is only to be sure that nothing is missing

	left int // documents, about
	most int // that were left, of this round
}

// begin notes that a round begins, and reports whether by a full listing.
func (r *rounds) begin() (afresh bool) {
	r.begun++
	r.going, r.left, r.most = true, 0, 0
	if afresh = r.afresh > 0; afresh {
		r.listed = r.begun
	}
	return afresh
}

func (r *rounds) end() { r.going, r.quiet, r.left, r.most = false, false, 0, 0 }

// relist has the next round begin by a full listing, whatever those before it still
// list, and returns which one that is.
func (r *rounds) relist() uint64 {
	r.afresh = r.begun + 1
	return r.afresh
}

// isThrough reports whether the present round has caught up.
func (r *rounds) isThrough() bool { return r.going && r.caught == r.begun }

// isListing reports whether the present round still goes through a full listing.
func (r *rounds) isListing() bool { return r.listed == r.begun && r.caught < r.begun }

// catchUp notes that the present round has caught up, and reports whether all has been
// listed that was to be.
func (r *rounds) catchUp() bool {
	if r.caught == r.begun {
		return false
	}
	r.caught, r.left = r.begun, 0
	if r.listed < r.begun || r.begun < r.afresh {
		return false
	}
	r.afresh = 0
	return true
}

// leave notes how much is left.
func (r *rounds) leave(left int) {
	r.left = left
	r.most = max(r.most, left)
}

// share is the part of the link's progress that this is.
func (r *rounds) share() share {
	if !r.going {
		return share{}
	}
	return share{done: r.most - r.left, total: r.most, catching: r.caught < r.begun && !r.quiet}
}
