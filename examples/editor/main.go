package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

type options struct {
	Listen string `default:"127.0.0.1:3031" placeholder:"HOST:PORT" help:"Where to listen, ${default} unless told otherwise; port 0 picks a free one. Only on this machine: there is no access control."`
	Data   string `default:"./godwit-editor-data" type:"path" placeholder:"DIR" help:"Directory in which the relay keeps the documents, ${default} unless told otherwise; made if missing."`
}

func main() {
	var opts options
	kong.Parse(&opts, kong.Name("editor"), kong.Description("A collaborative editor that works offline: a page and a relay in one program."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, opts); err != nil {
		fmt.Fprintln(os.Stderr, "editor:", err)
		stop()
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, opts options) (err error) {
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	listener, err := listen(opts.Listen)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // serve has closed it, unless we got no further
	store, err := storage.Open(opts.Data, storage.Options{Logger: logger})
	if err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	r, err := relay.New(relay.Config{Store: store, Logger: logger})
	if err != nil {
		return err
	}
	fmt.Printf(`Write at http://%s
Open it twice, in two windows, and press "New document" in one; "Copy link" is the
way to the other. Then stop this program, go on writing, and start it again.
Documents are kept in %s. Ctrl-C stops it.
`, listener.Addr(), opts.Data)
	return serve(ctx, listener, r)
}

func listen(address string) (net.Listener, error) {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w; write host:port, such as 127.0.0.1:3031", err)
	}
	if !addr.IP.IsLoopback() {
		return nil, fmt.Errorf("--listen: %s reaches beyond this machine, and this example has no access control; listen on 127.0.0.1", address)
	}
	listener, err := net.ListenTCP("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--listen: something listens on %s already, perhaps another editor; stop it, or choose another port", addr)
	}
	return listener, err
}
