package socket

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/gorilla/websocket"
)

// Dial opens a WebSocket to a "ws:" or "wss:" URL. It returns [ErrURL] for any
// other, [ErrHandshake] for a server that answers, but not with a WebSocket,
// [ErrTLS] for one that can't be trusted, and [ErrUnreachable] if there is no
// answer. The context bounds the opening only.
func Dial(ctx context.Context, address string, opts Options) (*Conn, error) {
	if err := checkURL(address); err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	dial, letGo := abortable(ctx, opts.DialContext)
	dialer := websocket.Dialer{
		NetDialContext:   dial,
		TLSClientConfig:  opts.TLS,
		Proxy:            http.ProxyFromEnvironment,
		HandshakeTimeout: opts.HandshakeTimeout,
		ReadBufferSize:   clientReadBuffer,
		WriteBufferSize:  clientWriteBuffer,
		WriteBufferPool:  &clientBuffers,
	}
	ws, response, err := dialer.DialContext(ctx, address, opts.Header) //nolint:bodyclose // gorilla has read what there is of it
	if !letGo() {
		return nil, fmt.Errorf("dial %s: %w", address, context.Cause(ctx))
	}
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, dialError(response, err))
	}
	return newConn(ws, opts), nil
}

func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrURL, err)
	}
	if u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" {
		return fmt.Errorf("%w: %q: want ws://host:port, or wss://host for TLS", ErrURL, address)
	}
	return nil
}

// dialError says which step of the opening failed, and what to look at.
func dialError(response *http.Response, err error) error {
	var certificate *tls.CertificateVerificationError
	var hostname x509.HostnameError
	var plain tls.RecordHeaderError
	switch {
	case response != nil && response.Header.Get("Location") != "":
		return fmt.Errorf("%w: HTTP status %q: it has moved to %q", ErrHandshake, response.Status, response.Header.Get("Location"))
	case response != nil:
		return fmt.Errorf("%w: HTTP status %q: this is a web server, but no relay; check the address and its path: %w", ErrHandshake, response.Status, err)
	case errors.As(err, &plain):
		return fmt.Errorf("%w: the server doesn't speak it; is it a ws: address? %w", ErrTLS, err)
	case errors.As(err, &certificate), errors.As(err, &hostname):
		return fmt.Errorf("%w: %w", ErrTLS, err)
	default:
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
}
