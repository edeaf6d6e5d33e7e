package peer_test

import (
	"context"
	"net"

	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

// The recipes are those by which apps used to be taken offline, as they are here.
// Each is a function that ExampleRecipe… runs beside a relay.

// cook runs a recipe with the URL of a relay in this process.
func cook(recipe func(ctx context.Context, relay string)) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	store := must(storage.Open("", storage.Options{InMemory: true}))
	defer store.Close()
	server := must(relay.New(relay.Config{Store: store}))
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	served := make(chan error)
	go func() { served <- relay.Serve(ctx, listener, server) }()
	recipe(ctx, "ws://"+listener.Addr().String())
	cancel()
	check(<-served)
}

// linked opens a peer that keeps its link until it is closed.
func linked(ctx context.Context, relay string) *peer.Peer {
	p := must(peer.Open(peer.Config{InMemory: true, Relay: relay}))
	go p.Run(ctx)
	return p
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
