package relay_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"

	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

// A relay with a listener of its own, until Ctrl-C.
func ExampleServe() {
	store, err := storage.Open("godwit-data", storage.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close() //nolint:errcheck // what was acknowledged is durable
	r, err := relay.New(relay.Config{Store: store})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:3030")
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := relay.Serve(ctx, listener, r); err != nil {
		log.Fatal(err)
	}
}

// A relay beside other things, below a prefix of somebody else's server.
func ExampleNew() {
	store, err := storage.Open("", storage.Options{InMemory: true})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close() //nolint:errcheck // it is in memory
	r, err := relay.New(relay.Config{
		Store:        store,
		AllowOrigins: []string{"https://app.example.org"},
	})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	h := http.StripPrefix("/sync", r)
	mux.Handle("/sync", h)
	mux.Handle("/sync/", h)
	// … and serve mux, as long as it takes.

	ctx, stop := context.WithCancel(context.Background())
	stop() // when it is time to go
	fmt.Println(r.Run(ctx))
	// Output: <nil>
}
