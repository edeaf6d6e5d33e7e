package presence

import (
	"strings"
	"time"
)

// Receive takes in what somebody else has said. The owner passes on each
// ephemeral message once, and none of our own.
func (r *Roster) Receive(now time.Time, from Sender, m Message) []Event {
	if !r.running {
		return nil
	}
	switch m.Kind {
	case Snapshot, Update:
		return r.heard(now, from, m)
	case Heartbeat:
		return r.beats(now, from)
	case Goodbye:
		return r.leaves(from)
	default:
		return nil
	}
}

// heard takes in what somebody shows. As in automerge-repo, a snapshot leaves
// channels that it doesn't name as they were.
func (r *Roster) heard(now time.Time, from Sender, m Message) []Event {
	known, here := r.others[from.Peer]
	if !here || known.Session != from.Session {
		return r.joins(now, from, m)
	}
	if m.Kind == Snapshot && r.said == Heartbeat {
		// It may be the answer to our heartbeat, of somebody who has lost us.
		r.greet(now)
	}
	known.Seen = now
	next, err := known.state.with(m.channels)
	if err != nil || !r.fits(next.cost()-known.state.cost()) {
		r.put(known)
		return nil
	}
	changed := !next.equal(known.state)
	known.Active, known.state = now, next
	r.put(known)
	if !changed {
		return nil // it has shown itself to somebody else
	}
	return []Event{{Changed, known}}
}

// joins takes in the first words of somebody new. What went before in the same
// peer's name, in another session, is over.
func (r *Roster) joins(now time.Time, from Sender, m Message) []Event {
	events := r.replaced(from)
	r.greet(now)
	s, err := state{}.with(m.channels)
	if err != nil {
		return events
	}
	p := Person{Sender: cloned(from), Seen: now, Active: now, state: s}
	if !r.fits(p.cost()) {
		return events
	}
	r.put(p)
	return append(events, Event{Joined, p})
}

// beats notes that somebody is still here. Who hasn't shown itself yet is asked
// to, by showing ourselves.
func (r *Roster) beats(now time.Time, from Sender) []Event {
	known, here := r.others[from.Peer]
	if !here || known.Session != from.Session {
		r.greet(now)
		return r.replaced(from)
	}
	known.Seen = now
	r.put(known)
	return nil
}

// leaves forgets somebody. A goodbye of an earlier session came too late.
func (r *Roster) leaves(from Sender) []Event {
	if r.others[from.Peer].Session != from.Session {
		return nil
	}
	return r.replaced(from)
}

// replaced forgets whoever was here in a peer's name.
func (r *Roster) replaced(from Sender) []Event {
	known, here := r.others[from.Peer]
	if !here {
		return nil
	}
	r.drop(known)
	return []Event{{Left, known}}
}

// greet has us shown soon; it is one snapshot for all who come until then.
func (r *Roster) greet(now time.Time) {
	if r.hello.IsZero() {
		r.hello = now.Add(helloDelay)
	}
}

// forget drops who was not seen since.
func (r *Roster) forget(since time.Time) []Event {
	var gone []Event
	for _, p := range r.Others() {
		if p.Seen.Before(since) {
			r.drop(p)
			gone = append(gone, Event{Left, p})
		}
	}
	return gone
}

func (r *Roster) fits(more int) bool { return more <= 0 || r.bytes+more <= MaxBytes }

func (r *Roster) put(p Person) {
	if old, here := r.others[p.Peer]; here {
		r.bytes -= old.cost()
	}
	r.others[p.Peer] = p
	r.bytes += p.cost()
}

func (r *Roster) drop(p Person) {
	delete(r.others, p.Peer)
	r.bytes -= p.cost()
}

// cloned keeps a sender without what its strings may be part of.
func cloned(s Sender) Sender { return Sender{strings.Clone(s.Peer), strings.Clone(s.Session)} }
