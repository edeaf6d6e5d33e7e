package socket

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/gorilla/websocket"
)

// Why a connection could not be made, or ended. Once a connection has ended,
// every call on it returns the first of these that befell it.
var (
	// ErrURL: not the address of a WebSocket.
	ErrURL = errors.New("socket: not a WebSocket URL")
	// ErrUnreachable: there is no answer from that address.
	ErrUnreachable = errors.New("socket: no answer")
	// ErrTLS: no trusted connection came about.
	ErrTLS = errors.New("socket: TLS failed")
	// ErrHandshake: no WebSocket came about.
	ErrHandshake = errors.New("socket: handshake failed")
	// ErrClosed: this end closed the connection.
	ErrClosed = errors.New("socket: closed")
	// ErrPeerClosed: the peer said goodbye.
	ErrPeerClosed = errors.New("socket: closed by the peer")
	// ErrLost: the connection broke without a goodbye.
	ErrLost = errors.New("socket: connection lost")
	// ErrSilent: nothing came from the peer, not even an answer to a ping.
	ErrSilent = errors.New("socket: peer is silent")
	// ErrNotReading: the peer took too long to take what was sent.
	ErrNotReading = errors.New("socket: peer does not read")
	// ErrSlow: the peer took too long to send one frame, or dawdled while
	// others waited for the memory that the frame holds.
	ErrSlow = errors.New("socket: frame takes too long")
	// ErrBusy: a frame waited in vain for the memory to hold it.
	ErrBusy = errors.New("socket: no memory for the frame")
	// ErrTooLarge: a frame exceeds the read limit.
	ErrTooLarge = errors.New("socket: frame too large")
	// ErrText: a frame holds text.
	ErrText = errors.New("socket: text frame")
	// ErrProtocol: what came is not WebSocket.
	ErrProtocol = errors.New("socket: protocol error")
)

var reasons = []struct {
	err    error
	reason string
	code   Code
}{
	{ErrURL, "url", CodeProtocol},
	{ErrUnreachable, "unreachable", CodeProtocol},
	{ErrTLS, "tls", CodeProtocol},
	{ErrHandshake, "handshake", CodeProtocol},
	{ErrClosed, "closed", CodeNormal},
	{ErrPeerClosed, "peer_closed", CodeNormal},
	{ErrLost, "lost", CodeNormal},
	{ErrSilent, "silent", CodePolicy},
	{ErrNotReading, "not_reading", CodePolicy},
	{ErrSlow, "slow_frame", CodePolicy},
	{ErrBusy, "no_memory", CodeTryLater},
	{ErrTooLarge, "too_large", CodeTooLarge},
	{ErrText, "text_frame", CodeUnsupported},
	{ErrProtocol, "websocket_protocol", CodeProtocol},
}

// Reason names an error of this package in one stable word, for a metric's
// label or a log.
func Reason(err error) string {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.reason
		}
	}
	return "other"
}

// CodeOf returns the code to close a connection with after an error of this
// package; [CodeInternal] for any other.
func CodeOf(err error) Code {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.code
		}
	}
	return CodeInternal
}

// readError translates what gorilla/websocket's reading ended with.
func readError(err error) error {
	var closed *websocket.CloseError
	var network net.Error
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		return ErrTooLarge
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		return fmt.Errorf("%w: %d %q", ErrPeerClosed, closed.Code, closed.Text)
	case errors.As(err, &closed), errors.As(err, &network),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe):
		return fmt.Errorf("%w: %w", ErrLost, err)
	default:
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
}

// writeError translates what gorilla/websocket's writing ended with.
func writeError(err error) error {
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return ErrNotReading
	}
	return fmt.Errorf("%w: %w", ErrLost, err)
}
