package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

// run serves until ctx ends. It listens before it opens the store, so that two
// relays started alike disagree about the address, which says more.
func run(ctx context.Context, opts options) (err error) {
	listener, err := listen(opts)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // Serve has closed it, unless we got no further
	logger := opts.logger()
	store, err := storage.Open(opts.Data, storage.Options{Logger: logger})
	if err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	r, err := relay.New(relay.Config{Store: store, AllowOrigins: opts.AllowOrigin, Logger: logger})
	if err != nil {
		return fmt.Errorf("--allow-origin: %w", err)
	}
	context.AfterFunc(ctx, func() { logger.Info("stopping; another signal stops at once") })
	greet(os.Stdout, listener.Addr(), opts.Data)
	go tidy(ctx)
	err = relay.Serve(ctx, listener, r)
	logger.Info("stopped")
	return err
}

// listen opens the address, and refuses one that reaches beyond this machine
// unless that is wanted: there is no access control yet.
func listen(opts options) (net.Listener, error) {
	addr, err := net.ResolveTCPAddr("tcp", opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w; write host:port, such as 127.0.0.1:3030", err)
	}
	if !addr.IP.IsLoopback() && !opts.InsecureOpen {
		return nil, fmt.Errorf("--listen: %s reaches beyond this machine, and there is no access control yet: "+
			"whoever reaches the relay may read and write every document whose id they know; "+
			"listen on 127.0.0.1, or add --insecure-open if that is fine", opts.Listen)
	}
	listener, err := net.ListenTCP("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("--listen: something listens on %s already, perhaps another relay; stop it, or choose another port", addr)
	case err != nil:
		return nil, fmt.Errorf("--listen: %w", err)
	}
	return listener, nil
}
