package socket

import (
	"context"
	"net"
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// abortable returns a dial whose connection breaks if ctx ends before letGo is
// called: gorilla/websocket doesn't look at it while it waits for the server's
// answer. letGo reports whether the connection is left whole.
func abortable(ctx context.Context, dial dialFunc) (abortable dialFunc, letGo func() bool) {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	stop := func() bool { return true }
	abortable = func(opening context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(opening, network, address)
		if err == nil {
			stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}
	return abortable, func() bool { return stop() }
}
