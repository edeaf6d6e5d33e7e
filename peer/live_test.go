package peer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/peer"
)

// watched follows a live result, event after event.
type watched struct {
	t       *testing.T
	updates <-chan peer.LiveUpdate[employee]
	list    []peer.Record[employee]
	events  int
}

func live(t *testing.T, c *peer.Records[employee], q peer.Query) *watched {
	return &watched{t: t, updates: c.Live(t.Context(), q)}
}

// become waits until the result says that.
func (s *watched) become(want ...string) {
	s.t.Helper()
	late := time.After(patience)
	for s.says() != fmt.Sprint(want) {
		select {
		case u := <-s.updates:
			s.take(u)
		case <-late:
			s.t.Fatalf("it says %s, want %v", s.says(), want)
		}
	}
}

func (s *watched) says() string {
	items := []string{}
	for _, r := range s.list {
		items = append(items, fmt.Sprintf("%s %s", r.Value.Name, r.State))
	}
	return fmt.Sprint(items)
}

func (s *watched) take(u peer.LiveUpdate[employee]) {
	if u.Err != nil {
		s.t.Fatal(u.Err)
	}
	if u.Reset {
		s.list = u.Result
	}
	for _, e := range u.Events {
		s.events++
		if e.Kind == peer.Left || e.Kind == peer.Moved {
			s.list = append(s.list[:e.From:e.From], s.list[e.From+1:]...)
		}
		switch e.Kind {
		case peer.Entered, peer.Moved:
			s.list = append(s.list[:e.To:e.To], append([]peer.Record[employee]{e.Record}, s.list[e.To:]...)...)
		case peer.Changed:
			s.list[e.To] = e.Record
		}
	}
}

// A live result says how far its records have come, whatever that follows from, and
// isn't bothered with others.
func TestLiveTellsOfStates(t *testing.T) {
	relay, dir := startChoosy(t), t.TempDir()
	p := openPeer(t, peer.Config{Path: dir, Relay: relay.url})
	c := employees(t, p, byName)
	made(t, c, employee{Name: "Ada"})
	bob := made(t, c, employee{Name: "Bob"})
	relay.refuses.Store(&wire.NotTaken{Document: bob, Reason: "quota"})
	var others []crdt.DocumentID
	for n := range 50 {
		others = append(others, made(t, c, employee{Name: fmt.Sprint("Other", n)}))
	}
	s := live(t, c, peer.Query{}.OrderBy("Name").Limit(2))
	s.become("Ada pending", "Bob pending")
	p.online()
	s.become("Ada synced", "Bob refused")
	soon(t, p.Sync)
	for _, id := range others {
		stands(t, p, c, id, peer.Synced)
	}
	p.offline()
	relay.refuses.Store(nil)
	p.online()
	s.become("Ada synced", "Bob synced")
	if s.events != 3 {
		t.Errorf("%d events for 3 states that became others", s.events)
	}
	p.offline()
	if err := c.Update(t.Context(), bob, func(e *employee) error { e.Age = 40; return nil }); err != nil {
		t.Fatal(err)
	}
	s.become("Ada synced", "Bob pending")
	p.online()
	s.become("Ada synced", "Bob synced")

	p.offline()
	employees(t, p, peer.LocalOnly())
	s.become("Ada local", "Bob local")
}
