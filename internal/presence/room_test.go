package presence_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/internal/presence"
)

// start is when every story begins.
var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

var ada = presence.Sender{Peer: "ada", Session: "1"}

func started(t testing.TB, own map[string]any) *presence.Roster {
	t.Helper()
	r := presence.New(presence.Config{})
	if _, err := r.Start(start, own); err != nil {
		t.Fatal(err)
	}
	return r
}

// expect checks that there is one event, and what it says; a nil state isn't
// looked at.
func expect(t *testing.T, events []presence.Event, kind presence.EventKind, who presence.Sender, state map[string]any) {
	t.Helper()
	if len(events) != 1 {
		t.Fatalf("got %v, want one event, %s", events, kind)
	}
	e := events[0]
	if e.Kind != kind || e.Person.Sender != who {
		t.Errorf("got %s %v, want %s %v", e.Kind, e.Person.Sender, kind, who)
	}
	if got := e.Person.State(); state != nil && !same(got, state) {
		t.Errorf("%s shows %v, want %v", who.Peer, got, state)
	}
}

// room is a document with several rosters, on a clock of its own. What one says
// the others hear at once.
type room struct {
	t     *testing.T
	now   time.Time
	seats map[string]*seat
	said  []string // "ada snapshot"
	seen  []string // "bob: ada joined map[…]"
}

type seat struct {
	presence.Sender
	*presence.Roster
	offline bool          // what it says and should hear is lost
	asleep  bool          // it neither speaks nor listens
	slept   time.Duration // in which its clock stood still
}

func newRoom(t *testing.T) *room { return &room{t: t, now: start, seats: map[string]*seat{}} }

// enter starts a process of that name, the first or another one.
func (r *room) enter(name, session string, own map[string]any) {
	r.t.Helper()
	s := &seat{Sender: presence.Sender{Peer: name, Session: session}, Roster: presence.New(presence.Config{})}
	payload, err := s.Start(r.now, own)
	if err != nil {
		r.t.Fatal(err)
	}
	r.seats[name] = s
	r.broadcast(s, payload)
}

func (r *room) set(name, channel string, value any) {
	r.t.Helper()
	payload, err := r.seats[name].Set(r.clock(r.seats[name]), channel, value)
	if err != nil {
		r.t.Fatal(err)
	}
	r.broadcast(r.seats[name], payload)
}

func (r *room) leave(name string) { r.broadcast(r.seats[name], r.seats[name].Stop()) }

// crash ends a process without a word.
func (r *room) crash(name string) { delete(r.seats, name) }

// broadcast is the relay.
func (r *room) broadcast(from *seat, payload []byte) {
	r.t.Helper()
	if payload == nil || from.offline {
		return
	}
	m, err := presence.Parse(payload)
	if err != nil {
		r.t.Fatal(err)
	}
	r.said = append(r.said, fmt.Sprintf("%s %s", from.Peer, m.Kind))
	for _, name := range r.names() {
		if s := r.seats[name]; s != from && !s.offline && !s.asleep {
			r.note(name, s.Receive(r.clock(s), from.Sender, m))
		}
	}
}

func (r *room) note(name string, events []presence.Event) {
	for _, e := range events {
		r.seen = append(r.seen, fmt.Sprintf("%s: %s %s %v", name, e.Person.Peer, e.Kind, e.Person.State()))
	}
}

// pass lets time pass, and has everybody do what is due meanwhile.
func (r *room) pass(d time.Duration) {
	r.t.Helper()
	for end := r.now.Add(d); ; {
		next := r.next()
		if next == nil || next.due().After(end) {
			r.now = end
			return
		}
		r.now = next.due()
		payload, gone := next.Tick(r.clock(next))
		if !next.due().After(r.now) {
			r.t.Fatalf("%s is due at %v, after a tick at %v", next.Peer, next.due(), r.now)
		}
		r.note(next.Peer, gone)
		r.broadcast(next, payload)
	}
}

// next is whose timer fires first.
func (r *room) next() *seat {
	var first *seat
	for _, name := range r.names() {
		s := r.seats[name]
		if !s.asleep && !s.Next().IsZero() && (first == nil || s.due().Before(first.due())) {
			first = s
		}
	}
	return first
}

// sleep has somebody's machine sleep for a while.
func (r *room) sleep(name string, d time.Duration) {
	r.t.Helper()
	s := r.seats[name]
	s.asleep = true
	r.pass(d)
	s.asleep = false
	s.slept += d
}

func (r *room) clock(s *seat) time.Time { return r.now.Add(-s.slept) }

// due is when its timer fires, by the room's clock.
func (s *seat) due() time.Time { return s.Next().Add(s.slept) }

func (r *room) names() []string { return slices.Sorted(maps.Keys(r.seats)) }

// sees checks what has become of others since the last call.
func (r *room) sees(want ...string) { r.t.Helper(); r.check("seen", &r.seen, want) }

// hears checks what was said since the last call.
func (r *room) hears(want ...string) { r.t.Helper(); r.check("said", &r.said, want) }

func (r *room) check(what string, got *[]string, want []string) {
	r.t.Helper()
	if !slices.Equal(*got, want) {
		r.t.Errorf("%s after %v:\n\t%s\nwant\n\t%s", what, r.now.Sub(start),
			strings.Join(*got, "\n\t"), strings.Join(want, "\n\t"))
	}
	*got = nil
}

// forget drops what was said and seen so far.
func (r *room) forget() { r.said, r.seen = nil, nil }

// present checks who is there for somebody.
func (r *room) present(name string, want ...string) {
	r.t.Helper()
	var got []string
	for _, p := range r.seats[name].Others() {
		got = append(got, p.Peer)
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("after %v %s sees %v, want %v", r.now.Sub(start), name, got, want)
	}
}
