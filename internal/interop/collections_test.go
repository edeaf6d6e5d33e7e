package interop_test

import (
	"context"
	"errors"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

type note struct{ Title string }

// notes returns a collection of a Go peer.
func notes(t *testing.T, p *goPeer, opts ...peer.CollectionOption) *peer.Records[note] {
	t.Helper()
	c, err := peer.CollectionOf[note](p.peer, "interop/notes", opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func within(t *testing.T, do func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := do(ctx); err != nil {
		t.Fatal(err)
	}
}

func isNoted(t *testing.T, c *peer.Records[note], id crdt.DocumentID, want peer.State) {
	t.Helper()
	status, err := c.Status(id)
	if err != nil {
		t.Fatal(err)
	}
	if status.State != want {
		t.Errorf("%s is %s, want %s", id, status.State, want)
	}
}

// Records travel by any server: where it doesn't speak of collections, like
// documents that are known by their ids. Status, modes and Sync hold there, too.
func TestRecordsAtAnyServer(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada, ida := server.offlinePeer("ada"), server.offlinePeer("ida")
		adas, idas := notes(t, ada), notes(t, ida)
		drafts, err := peer.CollectionOf[note](ada.peer, "interop/drafts", peer.LocalOnly())
		if err != nil {
			t.Fatal(err)
		}
		byHand, err := peer.CollectionOf[note](ada.peer, "interop/by hand", peer.Manual())
		if err != nil {
			t.Fatal(err)
		}
		create := func(c *peer.Records[note], title string) crdt.DocumentID {
			t.Helper()
			id, err := c.Create(t.Context(), note{title})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		shared, draft, held := create(adas, "Shared"), create(drafts, "Draft"), create(byHand, "Held")
		isNoted(t, adas, shared, peer.Pending)
		ada.connect()
		ida.connect()
		within(t, adas.Sync)
		isNoted(t, adas, shared, peer.Synced)
		isNoted(t, byHand, held, peer.Pending)
		isNoted(t, drafts, draft, peer.Local)

		within(t, func(ctx context.Context) error {
			_, err := ida.peer.Find(ctx, shared)
			return err
		})
		if got, err := idas.Get(t.Context(), shared); err != nil || got.Title != "Shared" {
			t.Fatalf("the record is %v, %v", got, err)
		}
		bob := server.client("bob") // who knows of documents only
		bob.open(shared.String())
		bob.change(shared.String(), splice(6, 0, " by all", "Title"))
		bob.saved(shared.String())
		within(t, func(ctx context.Context) error {
			events := idas.Watch(ctx, shared)
			for more := true; more; _, more = <-events {
				if got, err := idas.Get(ctx, shared); err != nil || got.Title == "Shared by all" {
					return err
				}
			}
			return ctx.Err()
		})

		within(t, byHand.Push)
		isNoted(t, byHand, held, peer.Synced)
		within(t, ada.peer.Sync)
		if _, err := ida.peer.Find(t.Context(), draft); !errors.Is(err, peer.ErrUnavailable) {
			t.Errorf("a record that stays at its peer: %v", err)
		}
		ada.restart()
		isNoted(t, notes(t, ada), shared, peer.Synced)
	})
}
