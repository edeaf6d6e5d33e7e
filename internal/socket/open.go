package socket

import (
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
