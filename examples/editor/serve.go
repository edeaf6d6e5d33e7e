package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/godwit-sync/godwit/relay"
)

// serve serves the page, and the relay at /sync, until ctx ends; then it stops
// both gracefully.
func serve(ctx context.Context, listener net.Listener, r *relay.Relay) error {
	mux := http.NewServeMux()
	mux.Handle("/", page())
	sync := http.StripPrefix("/sync", r)
	mux.Handle("/sync", sync)
	mux.Handle("/sync/", sync)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() {
		defer cancel()
		served <- server.Serve(listener)
	}()
	// Run returns when ctx has ended, and all that peers brought is on disk.
	err := r.Run(ctx)
	err = errors.Join(err, shutdown(context.WithoutCancel(ctx), server))
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// shutdown gives pages that are being served a moment.
func shutdown(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return nil
}
