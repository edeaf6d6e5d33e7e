package socket

import (
	"errors"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// Code says in a goodbye why the connection is closed (RFC 6455, section 7.4.1).
type Code int

// The codes that this project uses.
const (
	CodeNormal      Code = websocket.CloseNormalClosure
	CodeGoingAway   Code = websocket.CloseGoingAway
	CodeProtocol    Code = websocket.CloseProtocolError
	CodeUnsupported Code = websocket.CloseUnsupportedData
	CodePolicy      Code = websocket.ClosePolicyViolation
	CodeTooLarge    Code = websocket.CloseMessageTooBig
	CodeInternal    Code = websocket.CloseInternalServerErr
	CodeTryLater    Code = websocket.CloseTryAgainLater
)

const (
	goodbyeTimeout = time.Second
	maxGoodbye     = 123 // bytes of reason that fit into a control frame
)

// Close says goodbye and ends the connection. It waits at most a second, for a
// peer that doesn't read. Of several calls only the first does anything, and
// none does after [Conn.Abort].
func (c *Conn) Close(code Code, reason string) {
	if _, first := c.end(ErrClosed); !first {
		return
	}
	goodbye := websocket.FormatCloseMessage(int(code), shorten(reason))
	err := c.ws.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(goodbyeTimeout))
	if err != nil && !errors.Is(err, websocket.ErrCloseSent) {
		_ = c.ws.Close() // the peer can't be told anything
		return
	}
	c.linger()
}

// Abort ends the connection at once, without a goodbye. It doesn't wait.
func (c *Conn) Abort() {
	_ = c.fail(ErrClosed)
}

// linger stops both directions but leaves the socket for a moment: if it were
// closed while something unread has arrived, the kernel would reset it, and
// the peer might lose the goodbye and what was said before.
func (c *Conn) linger() {
	_ = c.ws.SetReadDeadline(time.Unix(1, 0)) // wakes the reader
	if half, ok := c.ws.NetConn().(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	time.AfterFunc(goodbyeTimeout, func() { _ = c.ws.Close() })
}

// shorten cuts a reason to what a control frame can hold, between letters.
func shorten(reason string) string {
	if len(reason) <= maxGoodbye {
		return reason
	}
	cut := maxGoodbye
	for cut > 0 && !utf8.RuneStart(reason[cut]) {
		cut--
	}
	return reason[:cut]
}
