package peer_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// keepNotes stands in README.md as it stands here.
func keepNotes(ctx context.Context, dir, relay string, show func(title string, status peer.Status)) error {
	p, err := peer.Open(peer.Config{Path: dir, Relay: relay})
	if err != nil {
		return err
	}
	defer p.Close()
	go p.Run(ctx) // keeps the link to the relay; everything else works without

	doc, err := p.Create(ctx, func(root crdt.Map) error {
		return root.Set("title", "Notes") // a text that many can edit at once
	})
	if err != nil {
		return err
	}
	events := doc.Watch(ctx)
	err = doc.Change(ctx, func(root crdt.Map) error { // on disk when it returns
		return root.Get("title").Text().Append(" of Ada")
	})
	if err != nil {
		return err
	}
	for event := range events { // changes made here, and those of others
		status, err := event.Status() // pending, synced: the relay has it, refused: why
		if err != nil {
			return err
		}
		err = doc.View(ctx, func(root crdt.Map) error {
			show(root.Get("title").Str(), status)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// keepEmployees stands there, too.
func keepEmployees(ctx context.Context, p *peer.Peer, show func(name, title string, state peer.State)) error {
	type Employee struct {
		Name, Title string               // written: two people's letters are merged
		Department  crdt.ImmutableString // chosen: one of two choices is shown
	}
	employees, err := peer.CollectionOf[Employee](p, "acme/employees", peer.Index("Department", "Name"))
	if err != nil {
		return err
	}
	id, err := employees.Create(ctx, Employee{Name: "Ada", Title: "Engineer", Department: "R&D"})
	if err != nil {
		return err
	}
	err = employees.Update(ctx, id, func(e *Employee) error {
		e.Title = "CTO" // nothing else is written
		return nil
	})
	if err != nil {
		return err
	}
	for e, err := range employees.Find(ctx, peer.Where("Department").Is("R&D").OrderBy("Name").Limit(50)) {
		if err != nil {
			return err
		}
		show(e.Value.Name, e.Value.Title, e.State) // Ada, CTO, pending
	}
	return employees.Sync(ctx) // to be sure: while p.Run runs all comes and goes by itself
}

func TestReadme(t *testing.T) {
	shown := []string{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := keepNotes(ctx, t.TempDir(), startRelay(t).url(), func(title string, status peer.Status) {
		shown = append(shown, title+", "+status.State.String())
		if status.State == peer.Synced {
			cancel()
		}
	})
	if last := len(shown) - 1; last < 0 || shown[last] != "Notes of Ada, synced" || ctx.Err() == nil {
		t.Errorf("what README.md shows ended with %v and showed %q", err, shown)
	}
}

func TestReadmeRecords(t *testing.T) {
	p := openPeer(t, peer.Config{Relay: startRelay(t).url()})
	shown := []string{}
	soon(t, func(ctx context.Context) error {
		return keepEmployees(ctx, p.Peer, func(name, title string, state peer.State) {
			shown = append(shown, name+", "+title+", "+state.String())
			p.run()
		})
	})
	if !slices.Equal(shown, []string{"Ada, CTO, pending"}) {
		t.Errorf("what README.md shows of records showed %q", shown)
	}
}

func TestReadmeShowsWhatIsTested(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"keepNotes", "keepEmployees"} {
		_, function, _ := strings.Cut(string(source), "\nfunc "+name)
		function, _, _ = strings.Cut(function, "\n}\n")
		if !strings.Contains(string(readme), "func "+name+function+"\n}\n") {
			t.Errorf("README.md has another %s than readme_test.go", name)
		}
	}
}
