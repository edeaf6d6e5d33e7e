package socket

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

const (
	readBuffer = 1 << 10
	// A server's frames go out from where they lie, a client's are masked on
	// their way through the buffer.
	serverWriteBuffer = 4 << 10
	clientReadBuffer  = 16 << 10
	clientWriteBuffer = fragment
)

// Write buffers belong to a connection only while it writes.
var serverBuffers, clientBuffers sync.Pool

// Accept makes a WebSocket of the request. On failure it has answered the
// request and returns [ErrHandshake]. The connection outlives the handler,
// which should return as soon as a reader has been started.
func Accept(w http.ResponseWriter, r *http.Request, opts Options) (*Conn, error) {
	opts = opts.withDefaults()
	upgrader := websocket.Upgrader{
		HandshakeTimeout: opts.HandshakeTimeout,
		ReadBufferSize:   readBuffer,
		WriteBufferSize:  serverWriteBuffer,
		WriteBufferPool:  &serverBuffers,
		CheckOrigin:      opts.CheckOrigin,
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	return newConn(ws, opts), nil
}

// Dial opens a WebSocket to a "ws:" or "wss:" URL. It returns [ErrHandshake]
// for a server that answers, but not with a WebSocket, and a network error if
// there is no answer. The context bounds the opening only.
func Dial(ctx context.Context, url string, opts Options) (*Conn, error) {
	opts = opts.withDefaults()
	dialer := websocket.Dialer{
		NetDialContext:   opts.DialContext,
		TLSClientConfig:  opts.TLS,
		Proxy:            http.ProxyFromEnvironment,
		HandshakeTimeout: opts.HandshakeTimeout,
		ReadBufferSize:   clientReadBuffer,
		WriteBufferSize:  clientWriteBuffer,
		WriteBufferPool:  &clientBuffers,
	}
	ws, response, err := dialer.DialContext(ctx, url, opts.Header) //nolint:bodyclose // gorilla has read what there is of it
	if err != nil {
		return nil, dialError(url, response, err)
	}
	return newConn(ws, opts), nil
}

func dialError(url string, response *http.Response, err error) error {
	if response == nil {
		return fmt.Errorf("dial %s: %w", url, err)
	}
	return fmt.Errorf("dial %s: %w: HTTP status %s: %w", url, ErrHandshake, response.Status, err)
}
