package presence_test

import (
	"testing"
	"time"

	"github.com/godwit-sync/godwit/internal/presence"
)

var gopher = presence.Sender{Peer: "gopher", Session: "1"}

func TestJavaScriptReadsWhatWeBroadcast(t *testing.T) {
	js := startJS(t)
	for name, c := range spoken {
		js.hear(gopher, encoded(t, c.say))
		if heard := js.await("heard"); heard.Peer != "gopher" || !same(heard.Message, c.js) {
			t.Errorf("%s: JavaScript heard %v, want %v", name, heard.Message, c.js)
		}
	}
}

// A roster and the real Presence meet, move, part and meet again.
func TestMeetsJavaScript(t *testing.T) {
	js := startJS(t)
	roster := presence.New(presence.Config{})
	payload, err := roster.Start(time.Now(), object{"name": "Gopher", "at": 1})
	if err != nil {
		t.Fatal(err)
	}
	js.tell("start", command{"state": object{"name": "Jay"}, "heartbeatMs": 200})
	jay := js.await("said") // into an empty room, as far as we know

	// It hears us and shows itself again.
	js.hear(gopher, payload)
	if e := js.await("snapshot"); !same(e.State, object{"name": "Gopher", "at": 1.0}) {
		t.Errorf("JavaScript saw %v", e.State)
	}
	expect(t, hearKind(t, js, roster, presence.Snapshot), presence.Joined, jay.sender(), object{"name": "Jay"})
	js.hear(gopher, nextWords(roster)) // and so do we
	if e := js.await("snapshot"); !same(e.State, object{"name": "Gopher", "at": 1.0}) {
		t.Errorf("JavaScript saw %v", e.State)
	}

	payload, err = roster.Set(time.Now(), "at", object{"anchor": 3, "head": 9})
	if err != nil {
		t.Fatal(err)
	}
	js.hear(gopher, payload)
	if e := js.await("update"); e.Channel != "at" || !same(e.Value, object{"anchor": 3.0, "head": 9.0}) {
		t.Errorf("JavaScript saw %s: %v", e.Channel, e.Value)
	}
	js.tell("states", nil)
	want := object{"gopher": object{"name": "Gopher", "at": object{"anchor": 3.0, "head": 9.0}}}
	if e := js.await("states"); !same(e.States, want) {
		t.Errorf("JavaScript sees %v", e.States)
	}

	js.tell("set", command{"channel": "at", "value": []int{7}})
	expect(t, hearKind(t, js, roster, presence.Update), presence.Changed, jay.sender(), object{"name": "Jay", "at": integers(7)})
	if events := hearKind(t, js, roster, presence.Heartbeat); len(events) != 0 {
		t.Errorf("a heartbeat did something: %v", events)
	}
	js.tell("stop", nil)
	expect(t, hearKind(t, js, roster, presence.Goodbye), presence.Left, jay.sender(), object{"name": "Jay", "at": integers(7)})
	js.tell("start", command{"state": object{"name": "Jay"}})
	expect(t, hearKind(t, js, roster, presence.Snapshot), presence.Joined, jay.sender(), object{"name": "Jay"})

	js.hear(gopher, nextWords(roster))
	js.await("snapshot")
	js.hear(gopher, roster.Stop())
	if e := js.await("goodbye"); e.Peer != "gopher" {
		t.Errorf("%s said goodbye", e.Peer)
	}
	js.tell("states", nil)
	if e := js.await("states"); len(e.States) != 0 {
		t.Errorf("JavaScript still sees %v", e.States)
	}
}

// A roster that comes back to somebody who still knows it, and who was lost
// here, is seen again: JavaScript answers heartbeats of strangers.
func TestJavaScriptThatLostUsGetsOurStateBack(t *testing.T) {
	js := startJS(t)
	roster := presence.New(presence.Config{})
	if _, err := roster.Start(time.Now(), object{"name": "Gopher"}); err != nil {
		t.Fatal(err)
	}
	js.tell("start", command{"state": object{"name": "Jay"}, "heartbeatMs": 60_000})
	hearKind(t, js, roster, presence.Snapshot)
	nextWords(roster) // our answer is lost: we know it, and it not us

	js.hear(gopher, nextWords(roster)) // a heartbeat
	js.await("heartbeat")
	js.tell("states", nil)
	if e := js.await("states"); len(e.States) != 0 {
		t.Errorf("JavaScript sees %v after a mere heartbeat", e.States)
	}
	hearKind(t, js, roster, presence.Snapshot)
	js.hear(gopher, nextWords(roster))
	if e := js.await("snapshot"); !same(e.State, object{"name": "Gopher"}) {
		t.Errorf("JavaScript saw %v", e.State)
	}
}

// hearKind brings the roster what JavaScript says, up to a message of a kind,
// and returns what that one did.
func hearKind(t *testing.T, js *jsPeer, roster *presence.Roster, kind presence.Kind) []presence.Event {
	t.Helper()
	for {
		if m, events := hearAny(t, js, roster); m.Kind == kind {
			return events
		}
	}
}

func hearAny(t *testing.T, js *jsPeer, roster *presence.Roster) (presence.Message, []presence.Event) {
	t.Helper()
	said := js.await("said")
	m := parsed(t, said.payload(t))
	return m, roster.Receive(time.Now(), said.sender(), m)
}

// nextWords lets time pass for a roster until it has something to say.
func nextWords(r *presence.Roster) []byte {
	for {
		if payload, _ := r.Tick(r.Next()); payload != nil {
			return payload
		}
	}
}
