package presence_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/internal/presence"
)

type object = map[string]any

func TestPeopleComeAndGo(t *testing.T) {
	r := newRoom(t)
	r.enter("ada", "1", object{"name": "Ada"})
	r.pass(5 * time.Second)
	r.enter("bob", "1", object{"name": "Bob", "at": 3})
	r.sees("ada: bob joined map[at:3 name:Bob]")
	r.pass(time.Second)
	r.sees("bob: ada joined map[name:Ada]")
	r.hears("ada snapshot", "bob snapshot", "ada snapshot", "bob snapshot")

	r.set("bob", "at", []int{4, 9})
	r.sees("ada: bob changed map[at:[4 9] name:Bob]")
	r.set("ada", "at", nil)
	r.sees("bob: ada changed map[at:<nil> name:Ada]")

	r.leave("bob")
	r.sees("ada: bob left map[at:[4 9] name:Bob]")
	r.present("ada")
	r.present("bob")
	r.forget()
	r.pass(time.Hour)
	r.sees()
	for _, said := range r.said {
		if said != "ada heartbeat" {
			t.Errorf("heard %q in an empty room", said)
		}
	}
}

func TestSilenceIsFilledWithHeartbeats(t *testing.T) {
	r := newRoom(t)
	r.enter("ada", "1", nil)
	r.enter("bob", "1", nil)
	r.pass(time.Second)
	r.forget()
	r.pass(150 * time.Second)
	beats := map[string]int{}
	for _, said := range r.said {
		beats[said]++
	}
	if len(beats) != 2 || beats["ada heartbeat"] != 10 || beats["bob heartbeat"] != 10 {
		t.Errorf("in 150 s: %v", beats)
	}
	r.sees()
	r.present("ada", "bob")

	// Whoever speaks anyway needs no heartbeat.
	r.forget()
	for range 30 {
		r.set("ada", "at", 1)
		r.pass(5 * time.Second)
	}
	for _, said := range r.said {
		if said == "ada heartbeat" {
			t.Fatal("a heartbeat between updates")
		}
	}
}

func TestACrashIsNoticed(t *testing.T) {
	r := newRoom(t)
	r.enter("ada", "1", nil)
	r.enter("bob", "1", object{"name": "Bob"})
	r.pass(time.Second)
	r.forget()
	r.crash("bob")
	r.pass(presence.DefaultTTL - 2*time.Second)
	r.sees()
	r.pass(presence.DefaultHeartbeat + 2*time.Second)
	r.sees("ada: bob left map[name:Bob]")
}

func TestARestartUnderTheSameNameIsSomebodyNew(t *testing.T) {
	r := newRoom(t)
	r.enter("ada", "1", object{"name": "Ada"})
	r.enter("bob", "1", object{"name": "Bob", "at": 3})
	r.pass(time.Second)
	r.forget()

	old := r.seats["bob"]
	r.crash("bob")
	r.enter("bob", "2", object{"name": "Robert"})
	r.sees("ada: bob left map[at:3 name:Bob]", "ada: bob joined map[name:Robert]")
	r.pass(time.Second)
	r.sees("bob: ada joined map[name:Ada]")

	// The goodbye of the process before comes too late.
	r.broadcast(old, old.Stop())
	r.sees()
	r.present("ada", "bob")
}

func TestManyNewcomersGetOneAnswer(t *testing.T) {
	r := newRoom(t)
	r.enter("ada", "1", object{"name": "Ada"})
	for n := range 20 {
		r.enter(fmt.Sprintf("guest %d", n), "1", nil)
	}
	r.forget()
	r.pass(400 * time.Millisecond)
	r.hears()
	r.pass(5 * time.Second)
	answers := 0
	for _, said := range r.said {
		if said == "ada snapshot" {
			answers++
		}
	}
	if answers != 1 {
		t.Errorf("ada answered %d times", answers)
	}
	for name := range r.seats {
		if there := len(r.seats[name].Others()); there != 20 {
			t.Errorf("%s sees %d of 20", name, there)
		}
	}
}

// A laptop sleeps for a while: the others have given it up, but it hasn't given
// up them. Automerge-repo leaves it so.
func TestWhoWasGivenUpIsSeenAgain(t *testing.T) {
	r := newRoom(t)
	r.enter("ada", "1", object{"name": "Ada"})
	r.enter("bob", "1", object{"name": "Bob"})
	r.pass(time.Second)
	r.sleep("bob", presence.DefaultTTL+presence.DefaultHeartbeat)
	r.present("ada")
	r.present("bob", "ada")
	r.forget()

	r.pass(20 * time.Second)
	r.present("bob", "ada")
	r.present("ada", "bob")
	if talk := strings.Join(r.said, ","); strings.Count(talk, "snapshot") > 4 {
		t.Errorf("they didn't come to rest: %s", talk)
	}
}

func TestALinkThatIsBackShowsWhatWasMissed(t *testing.T) {
	r := newRoom(t)
	r.enter("ada", "1", object{"at": 1})
	r.enter("bob", "1", nil)
	r.pass(time.Second)
	ada := r.seats["ada"]
	ada.offline = true
	r.set("ada", "at", 2)
	ada.offline = false
	r.forget()
	r.broadcast(ada, ada.Linked(r.now))
	r.sees("bob: ada changed map[at:2]")
}

func TestNothingIsSaidOrHeardBeforeStartAndAfterStop(t *testing.T) {
	r := presence.New(presence.Config{})
	hello := parsed(t, mustStart(t, object{"name": "Ada"}))
	silent := func() {
		t.Helper()
		if _, err := r.Set(start, "at", 1); !errors.Is(err, presence.ErrStopped) {
			t.Errorf("set: %v", err)
		}
		payload, gone := r.Tick(start.Add(time.Hour))
		if payload != nil || gone != nil || r.Linked(start) != nil || r.Stop() != nil || !r.Next().IsZero() {
			t.Error("it speaks")
		}
		if events := r.Receive(start, ada, hello); events != nil || len(r.Others()) != 0 || len(r.Own()) != 0 {
			t.Error("it listens")
		}
	}
	silent()
	if _, err := r.Start(start, object{"at": 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Start(start, nil); !errors.Is(err, presence.ErrStarted) {
		t.Errorf("started twice: %v", err)
	}
	if own := r.Own(); !same(own, object{"at": int64(1)}) {
		t.Errorf("shows %v", own)
	}
	r.Receive(start, ada, hello)
	r.Stop()
	silent()
}

func TestWhatCannotBeShownLeavesEverythingAsItWas(t *testing.T) {
	r := presence.New(presence.Config{})
	large := make([]byte, presence.MaxPayload/2)
	if _, err := r.Start(start, object{"a": large, "b": large}); !errors.Is(err, presence.ErrTooLarge) {
		t.Errorf("a start with too much: %v", err)
	}
	if _, err := r.Start(start, object{"a": large, "name": "Ada"}); err != nil {
		t.Fatal(err)
	}
	for channel, c := range map[string]struct {
		value any
		err   error
	}{
		"b":        {large, presence.ErrTooLarge},
		"id":       {uint64(1 << 60), presence.ErrValue},
		"not \xff": {1, presence.ErrValue},
	} {
		if payload, err := r.Set(start, channel, c.value); !errors.Is(err, c.err) || payload != nil {
			t.Errorf("%q: %v", channel, err)
		}
	}
	if own := r.Own(); !same(own, object{"a": large, "name": "Ada"}) {
		t.Errorf("shows %d channels", len(own))
	}
	for n := range presence.MaxChannels - 2 {
		if _, err := r.Set(start, fmt.Sprint(n), n); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Set(start, "one more", 1); !errors.Is(err, presence.ErrTooLarge) {
		t.Errorf("too many channels: %v", err)
	}
	if payload := r.Linked(start); len(payload) > presence.MaxPayload {
		t.Errorf("a snapshot of %d bytes", len(payload))
	}
}

func TestACrowdIsBounded(t *testing.T) {
	r := started(t, nil)
	hello := parsed(t, mustStart(t, object{"blob": make([]byte, 60<<10)}))
	fits := presence.MaxBytes / (60 << 10)
	for n := range 10 * fits {
		r.Receive(start, presence.Sender{Peer: fmt.Sprint(n), Session: "1"}, hello)
	}
	there := len(r.Others())
	if there > fits || there < fits*3/4 {
		t.Errorf("%d are shown, %d would fit", there, fits)
	}
	// One can leave for another to come.
	goodbye := parsed(t, started(t, nil).Stop())
	newcomer := presence.Sender{Peer: "newcomer", Session: "1"}
	if events := r.Receive(start, newcomer, hello); len(events) != 0 {
		t.Errorf("one more came: %v", events[0].Person.Sender)
	}
	r.Receive(start, presence.Sender{Peer: "0", Session: "1"}, goodbye)
	if events := r.Receive(start, newcomer, hello); len(events) != 1 {
		t.Error("nobody can come, though somebody left")
	}
	// All are given up in the end, and with them what they cost.
	if _, gone := r.Tick(start.Add(time.Hour)); len(gone) != there || len(r.Others()) != 0 {
		t.Errorf("%d of %d were given up", len(gone), there)
	}
	for n := range fits {
		r.Receive(start.Add(time.Hour), presence.Sender{Peer: fmt.Sprint(n), Session: "2"}, hello)
	}
	if again := len(r.Others()); again != there {
		t.Errorf("%d fit now, %d before", again, there)
	}
}

func TestACrowdCannotGrowOnceItIsThere(t *testing.T) {
	r := started(t, nil)
	hello := parsed(t, mustStart(t, nil))
	large := parsed(t, encoded(t, object{"__presence": object{"type": "update", "channel": "blob", "value": make([]byte, 60<<10)}}))
	fits := presence.MaxBytes / (60 << 10)
	guest := func(n int) presence.Sender { return presence.Sender{Peer: fmt.Sprint(n), Session: "1"} }
	for n := range 2 * fits {
		r.Receive(start, guest(n), hello)
	}
	grown := 0
	for n := range 2 * fits {
		grown += len(r.Receive(start, guest(n), large))
	}
	if grown > fits || grown < fits*3/4 {
		t.Errorf("%d have grown, %d would fit", grown, fits)
	}
}

func TestOnePersonCannotGrowWithoutEnd(t *testing.T) {
	r := started(t, nil)
	other := presence.New(presence.Config{})
	if _, err := other.Start(start, nil); err != nil {
		t.Fatal(err)
	}
	for n := range 2000 {
		m := parsed(t, encoded(t, object{"__presence": object{"type": "update", "channel": fmt.Sprint(n), "value": n}}))
		r.Receive(start, ada, m)
	}
	if shown := len(r.Others()[0].State()); shown != presence.MaxChannels {
		t.Errorf("%d channels, want %d", shown, presence.MaxChannels)
	}
	large := make([]byte, 40<<10)
	for _, channel := range []string{"0", "1", "2"} {
		m := parsed(t, encoded(t, object{"__presence": object{"type": "update", "channel": channel, "value": large}}))
		r.Receive(start, ada, m)
	}
	shown := r.Others()[0].State()
	if !same(shown["0"], large) || !same(shown["1"], int64(1)) {
		t.Error("what fits should be taken, what doesn't left out")
	}
}

func TestStrangeMessagesArePassedOver(t *testing.T) {
	other := []any{"text", nil, 7, []any{"__presence"}, object{}, object{"presence": 1}, object{"__presences": object{"type": "goodbye"}}}
	for _, v := range other {
		if _, err := presence.Parse(encoded(t, v)); !errors.Is(err, presence.ErrOther) {
			t.Errorf("%v: %v", v, err)
		}
	}
	malformed := []any{
		7, "goodbye", []any{}, object{"type": 7}, object{"type": "snapshot", "state": 7}, object{"type": "update", "channel": 7},
	}
	for _, v := range malformed {
		if _, err := presence.Parse(encoded(t, object{"__presence": v})); !errors.Is(err, presence.ErrMalformed) {
			t.Errorf("%v: %v", v, err)
		}
	}
	// A value that Decode wouldn't read, in one channel.
	simple := []byte("\xa1\x6a__presence\xa2\x64type\x68snapshot\x65state\xa1\x61a\xe0")
	if _, err := presence.Parse(simple); !errors.Is(err, presence.ErrMalformed) {
		t.Errorf("a state that can't be read: %v", err)
	}
	r := started(t, nil)
	quiet := r.Next()
	for _, v := range []any{nil, object{}, object{"type": "wave", "state": object{"a": 1}}, object{"type": "goodbye"}} {
		events := r.Receive(start, ada, parsed(t, encoded(t, object{"__presence": v})))
		if len(events) != 0 || len(r.Others()) != 0 || r.Next() != quiet {
			t.Errorf("%v from a stranger had an effect", v)
		}
	}
	// A state of undefined, and a value left out, are no offence.
	for _, v := range []any{object{"type": "snapshot"}, object{"type": "update", "channel": "a"}} {
		if events := r.Receive(start, ada, parsed(t, encoded(t, object{"__presence": v}))); len(events) != 1 {
			t.Errorf("%v: %v", v, events)
		}
	}
}

func TestWhatOneReaderGetsIsItsOwn(t *testing.T) {
	r := started(t, nil)
	payload := mustStart(t, object{"at": object{"x": "here"}})
	events := r.Receive(start, ada, parsed(t, payload))
	clear(payload)
	clear(events[0].Person.State()["at"].(object))
	before := r.Others()[0]
	r.Receive(start, ada, parsed(t, encoded(t, object{"__presence": object{"type": "update", "channel": "at", "value": 2}})))
	if got := before.State(); !same(got, object{"at": object{"x": "here"}}) {
		t.Errorf("what was seen has become %v", got)
	}
}

func mustStart(t testing.TB, own map[string]any) []byte {
	t.Helper()
	payload, err := presence.New(presence.Config{}).Start(start, own)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func parsed(t testing.TB, payload []byte) presence.Message {
	t.Helper()
	m, err := presence.Parse(payload)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
