// Two people write one text, each offline for a while, and end with the same
// one. Everything is in this file: two peers and a relay, in one process.
//
//	go run ./examples/offline
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

func main() {
	if err := tell(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "offline:", err)
		os.Exit(1)
	}
}

// tell lets the story happen and prints it.
func tell(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "godwit-offline-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	url, stop, err := startRelay(dir + "/relay")
	if err != nil {
		return err
	}
	defer stop()
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }

	ada, err := newPerson("Ada", dir, url)
	if err != nil {
		return err
	}
	defer ada.Close()
	bob, err := newPerson("Bob", dir, url)
	if err != nil {
		return err
	}
	defer bob.Close()

	say("Ada is offline and begins a letter.")
	letter, err := ada.Create(ctx, func(root crdt.Map) error {
		return errors.Join(root.Set("title", "To the geese"), root.Set("text", "Dear geese,\n"))
	})
	if err != nil {
		return err
	}
	if err := show(ctx, say, ada, letter); err != nil {
		return err
	}

	say("\nAda and Bob go online. Ada gives Bob the link, and he has the letter:\n  %s", letter.URL())
	ada.online()
	bob.online()
	if err := ada.Sync(ctx); err != nil { // or the relay might not have it yet
		return err
	}
	copied, err := bob.Find(ctx, letter.ID())
	if err != nil {
		return err
	}
	if err := show(ctx, say, bob, copied); err != nil {
		return err
	}

	say("\nBoth board planes. No network; both go on writing.")
	ada.offline()
	bob.offline()
	if err := letter.Change(ctx, func(root crdt.Map) error {
		text := root.Get("text").Text()
		return text.Append("how do you fly eleven days without landing?\n")
	}); err != nil {
		return err
	}
	if err := copied.Change(ctx, func(root crdt.Map) error {
		text := root.Get("text").Text()
		return errors.Join(text.Splice(5, 5, "godwits"), root.Set("title", "To the godwits"))
	}); err != nil {
		return err
	}
	for _, side := range []struct {
		*person
		*peer.Document
	}{{ada, letter}, {bob, copied}} {
		if err := show(ctx, say, side.person, side.Document); err != nil {
			return err
		}
	}

	say("\nThey land, and are online again. Nobody decides anything: it merges.")
	ada.online()
	bob.online()
	if err := agree(ctx, ada, letter, bob, copied); err != nil {
		return err
	}
	if err := show(ctx, say, ada, letter); err != nil {
		return err
	}
	if err := show(ctx, say, bob, copied); err != nil {
		return err
	}
	heads, err := letter.Heads()
	if err != nil {
		return err
	}
	say("\nSame letter, same history: heads %.8s… and %.8s… in both.", heads[0], heads[len(heads)-1])
	return nil
}

// person is somebody with a peer of their own.
type person struct {
	*peer.Peer
	name string
	hang func() // ends the link
}

func newPerson(name, dir, relay string) (*person, error) {
	p, err := peer.Open(peer.Config{Path: dir + "/" + name, Relay: relay})
	return &person{Peer: p, name: name}, err
}

// online keeps a link to the relay until offline.
func (p *person) online() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = p.Run(ctx) // it ends with ctx, and by nothing else
	}()
	p.hang = func() { cancel(); <-done }
}

func (p *person) offline() { p.hang() }

// show prints what somebody sees.
func show(ctx context.Context, say func(string, ...any), p *person, doc *peer.Document) error {
	status, err := doc.Status()
	if err != nil {
		return err
	}
	return doc.View(ctx, func(root crdt.Map) error {
		say("  %s sees %q (%s): %q", p.name, root.Get("title").Str(), status.State, root.Get("text").Str())
		return nil
	})
}

// agree waits until both have all that there is.
func agree(ctx context.Context, a *person, atA *peer.Document, b *person, atB *peer.Document) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	news := b.Watch(ctx)
	for {
		if err := errors.Join(a.Sync(ctx), b.Sync(ctx)); err != nil {
			return err
		}
		one, err := atA.Heads()
		if err != nil {
			return err
		}
		other, err := atB.Heads()
		if err != nil {
			return err
		}
		if fmt.Sprint(one) == fmt.Sprint(other) {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// startRelay serves a relay on this machine, and returns its URL.
func startRelay(dir string) (url string, stop func(), err error) {
	store, err := storage.Open(dir, storage.Options{Small: true})
	if err != nil {
		return "", nil, err
	}
	r, err := relay.New(relay.Config{Store: store})
	if err != nil {
		return "", nil, errors.Join(err, store.Close())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, errors.Join(err, store.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = relay.Serve(ctx, listener, r)
	}()
	return "ws://" + listener.Addr().String(), func() { cancel(); <-done; _ = store.Close() }, nil
}
