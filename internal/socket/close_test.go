package socket_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/godwit-sync/godwit/internal/socket"
)

func TestCloseSaysGoodbye(t *testing.T) {
	p := connect(t, socket.Options{}, socket.Options{})
	server, client := read(p.server), read(p.client)
	p.server.Close(socket.CodeGoingAway, "restarting")
	expect(t, <-server, socket.ErrClosed)
	err := <-client
	expect(t, err, socket.ErrPeerClosed)
	if !strings.Contains(err.Error(), "1001") || !strings.Contains(err.Error(), "restarting") {
		t.Errorf("the goodbye reads %v", err)
	}
	expect(t, p.server.WriteFrame([]byte("more")), socket.ErrClosed)
	p.server.Close(socket.CodeNormal, "again")
	p.client.Close(socket.CodeNormal, "")
}

// What was said before a goodbye arrives, even if it is still under way and
// the other end said something that nobody reads anymore.
func TestLastWordsArrive(t *testing.T) {
	server, ws := stranger(t, socket.Options{})
	for range 3 {
		if err := ws.WriteMessage(websocket.BinaryMessage, make([]byte, 4<<10)); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, <-read(server), nil)
	words := noise(1 << 20)
	written := make(chan error, 1)
	go func() {
		written <- server.WriteFrame(words)
		server.Close(socket.CodePolicy, strings.Repeat("ä", 100))
		close(written)
	}()
	_, r, err := ws.NextReader()
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(words))
	if _, err := io.ReadFull(r, got[:len(got)-1]); err != nil {
		t.Fatal(err)
	}
	for err := range written {
		expect(t, err, nil)
	}
	if _, err := io.ReadFull(r, got[len(got)-1:]); err != nil || !bytes.Equal(got, words) {
		t.Errorf("other words: %v", err)
	}
	var closed *websocket.CloseError
	if err := goodbye(ws); !errors.As(err, &closed) || closed.Code != websocket.ClosePolicyViolation ||
		len(closed.Text) != 122 || !utf8.ValidString(closed.Text) {
		t.Errorf("the goodbye was %v", err)
	}
}

func TestCloseWakesTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, ws := listen(t, socket.Options{}).strange(t)
		ws.SetCloseHandler(func(int, string) error { return nil }) // it hears the goodbye, and says nothing
		go func() { _ = goodbye(ws) }()
		reading := read(server)
		synctest.Wait()
		start := time.Now()
		server.Close(socket.CodeNormal, "")
		expect(t, <-reading, socket.ErrClosed)
		if got := time.Since(start); got != 0 {
			t.Errorf("the reader woke after %v", got)
		}
	})
}

func TestAbortEndsWriterAndReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, _ := listen(t, socket.Options{}).strange(t)
		reading, writing := read(server), make(chan error, 1)
		go func() { writing <- server.WriteFrame(noise(1 << 20)) }()
		synctest.Wait()
		server.Abort()
		expect(t, <-reading, socket.ErrClosed)
		expect(t, <-writing, socket.ErrClosed)
	})
}

func TestCloseWaitsForNobodyLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, _ := listen(t, socket.Options{}).strange(t)
		writing := make(chan error, 1)
		go func() { writing <- server.WriteFrame(noise(1 << 20)) }()
		synctest.Wait()
		start := time.Now()
		server.Close(socket.CodeNormal, "")
		if got := time.Since(start); got > time.Second {
			t.Errorf("waited %v", got)
		}
		expect(t, <-writing, socket.ErrClosed)
	})
}

func TestDialSaysWhatWentWrong(t *testing.T) {
	page := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) })
	_, err := socket.Dial(t.Context(), page, socket.Options{})
	expect(t, err, socket.ErrHandshake)
	if !strings.Contains(err.Error(), "403") {
		t.Errorf("no status in %v", err)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	_, err = socket.Dial(t.Context(), "ws://"+l.Addr().String(), socket.Options{})
	var network net.Error
	if !errors.As(err, &network) || errors.Is(err, socket.ErrHandshake) {
		t.Errorf("nobody listens, got %v", err)
	}
}

func TestForeignPagesAreRefused(t *testing.T) {
	refused := make(chan error, 1)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, err := socket.Accept(w, r, socket.Options{})
		refused <- err
	})
	_, response, err := websocket.DefaultDialer.Dial(url, http.Header{"Origin": {"https://evil.example"}})
	if err == nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("got %v, %v", response, err)
	}
	if response != nil {
		_ = response.Body.Close()
	}
	expect(t, <-refused, socket.ErrHandshake)
}
