package socket_test

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/godwit-sync/godwit/internal/socket"
)

// stranger opens a connection over loopback whose client is not ours.
func stranger(t *testing.T, opts socket.Options) (*socket.Conn, *websocket.Conn) {
	t.Helper()
	accepted := make(chan *socket.Conn, 1)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := socket.Accept(w, r, opts)
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	})
	ws, response, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	server := <-accepted
	t.Cleanup(server.Abort)
	t.Cleanup(func() { _ = ws.Close() })
	return server, ws
}

func TestReadLimit(t *testing.T) {
	server, ws := stranger(t, socket.Options{})
	send := func(n int) {
		if err := ws.WriteMessage(websocket.BinaryMessage, make([]byte, n)); err != nil {
			t.Error(err)
		}
	}
	send(socket.FirstLimit)
	expect(t, <-read(server), nil)
	server.SetReadLimit(1 << 20)
	send(1 << 20)
	expect(t, <-read(server), nil)
	go send(1<<20 + 1)
	expect(t, <-read(server), socket.ErrTooLarge)
	_, err := server.ReadFrame()
	expect(t, err, socket.ErrTooLarge)
	if !websocket.IsCloseError(goodbye(ws), websocket.CloseMessageTooBig) {
		t.Error("the peer wasn't told")
	}
}

func TestReadLimitCountsFragmentsTogether(t *testing.T) {
	server, ws := stranger(t, socket.Options{})
	w, err := ws.NextWriter(websocket.BinaryMessage)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for err == nil {
			_, err = w.Write(make([]byte, 1<<10)) // in fragments of the write buffer's size
		}
	}()
	expect(t, <-read(server), socket.ErrTooLarge)
}

func TestBudgetBoundsTheReadLimit(t *testing.T) {
	server, ws := stranger(t, socket.Options{Budget: socket.NewBudget(0, 10_000), ReadLimit: 1 << 30})
	for _, n := range []int{10_000, 10_001} {
		if err := ws.WriteMessage(websocket.BinaryMessage, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, <-read(server), nil)
	expect(t, <-read(server), socket.ErrTooLarge)
}

func TestTextIsRefusedWithAWord(t *testing.T) {
	server, ws := stranger(t, socket.Options{})
	if err := ws.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	_, err := server.ReadFrame()
	expect(t, err, socket.ErrText)
	expect(t, server.WriteFrame([]byte("why")), nil)
	server.Close(socket.CodeOf(err), "binary only")
	if _, why, err := ws.ReadMessage(); err != nil || string(why) != "why" {
		t.Errorf("the peer read %q, %v", why, err)
	}
	if !websocket.IsCloseError(goodbye(ws), websocket.CloseUnsupportedData) {
		t.Error("the peer wasn't told")
	}
}

func TestGarbageIsNoWebSocket(t *testing.T) {
	server, ws := stranger(t, socket.Options{})
	if _, err := ws.NetConn().Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	expect(t, <-read(server), socket.ErrProtocol)
}

func TestCompressionIsDeclined(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if conn, err := socket.Accept(w, r, socket.Options{}); err != nil {
			t.Error(err)
		} else {
			conn.Abort()
		}
	})
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("status %s", response.Status)
	}
	if got := response.Header.Get("Sec-WebSocket-Extensions"); got != "" {
		t.Errorf("negotiated %q", got)
	}
}

// goodbye reads until the connection ends.
func goodbye(ws *websocket.Conn) error {
	for {
		if _, _, err := ws.ReadMessage(); err != nil {
			return err
		}
	}
}
