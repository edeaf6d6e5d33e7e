package relay

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// What a client of [Serve] may take, before its connection is a WebSocket.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
)

// shutdownTimeout is how long pages may still be served after the end.
const shutdownTimeout = 5 * time.Second

// Serve serves the relay on a listener, and runs it, until ctx ends; then it
// stops gracefully and returns nil: no new connections, goodbye to the old
// ones, and nothing is left half done. It closes the listener. The store
// remains open.
func Serve(ctx context.Context, listener net.Listener, r *Relay) error {
	server := &http.Server{
		Handler:           r,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(r.config.Logger.Handler(), slog.LevelWarn),
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error { return r.Run(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		return shutdown(context.WithoutCancel(ctx), server)
	})
	return group.Wait()
}

// shutdown waits for the pages that are being served, but not for ever.
func shutdown(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return err
}
