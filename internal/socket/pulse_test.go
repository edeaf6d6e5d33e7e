package socket_test

import (
	"encoding/binary"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/godwit-sync/godwit/internal/socket"
)

// read reads one frame in another goroutine.
func read(c *socket.Conn) <-chan error {
	result := make(chan error, 1)
	go func() {
		frame, err := c.ReadFrame()
		frame.Release()
		result <- err
	}()
	return result
}

func expect(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestIdleConnectionsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := listen(t, socket.Options{}).connect(t, socket.Options{})
		server, client := read(p.server), read(p.client)
		time.Sleep(24 * time.Hour)
		for _, c := range []*socket.Conn{p.server, p.client} {
			select {
			case <-c.Done():
				t.Error("an idle connection has ended")
			default:
			}
		}
		p.client.Abort()
		expect(t, <-client, socket.ErrClosed)
		expect(t, <-server, socket.ErrLost)
	})
}

func TestSilentPeerIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, ws := listen(t, socket.Options{}).strange(t)
		ws.SetPingHandler(func(string) error { return nil }) // it reads, but answers nothing
		go func() { _, _, _ = ws.NextReader() }()
		start := time.Now()
		expect(t, <-read(server), socket.ErrSilent)
		if got := time.Since(start); got != 15*time.Second {
			t.Errorf("dropped after %v", got)
		}
		_, err := server.ReadFrame()
		expect(t, err, socket.ErrSilent)
		expect(t, server.WriteFrame([]byte("hello?")), socket.ErrSilent)
	})
}

func TestStuckPeerHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := listen(t, socket.Options{})
		stuck, _ := network.strange(t) // it doesn't even take its pings
		p := network.connect(t, socket.Options{})
		server, client := read(p.server), read(p.client)
		expect(t, <-read(stuck), socket.ErrNotReading)
		expect(t, p.client.WriteFrame([]byte("still here")), nil)
		expect(t, <-server, nil)
		p.client.Abort()
		<-client
	})
}

func TestBusyReaderLosesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := listen(t, socket.Options{WriteTimeout: time.Hour}).connect(t, socket.Options{WriteTimeout: time.Hour})
		client := read(p.client)
		time.Sleep(10 * time.Minute) // the server is dealing with something
		server := read(p.server)
		expect(t, p.client.WriteFrame([]byte("still here")), nil)
		expect(t, <-server, nil)
		p.client.Abort()
		<-client
	})
}

func TestPeerThatDoesNotReadIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, _ := listen(t, socket.Options{PingInterval: time.Hour}).strange(t)
		start := time.Now()
		reading := read(server)
		expect(t, server.WriteFrame([]byte("hello?")), socket.ErrNotReading)
		expect(t, <-reading, socket.ErrNotReading)
		if got := time.Since(start); got != 30*time.Second {
			t.Errorf("dropped after %v", got)
		}
	})
}

// A peer that takes a fragment now and then is slow, not stuck.
func TestSlowReaderGetsALargeFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, ws := listen(t, socket.Options{}).strange(t)
		reading := read(server)
		writing := make(chan error, 1)
		go func() { writing <- server.WriteFrame(noise(1 << 20)) }()
		_, r, err := ws.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		start, got, buf := time.Now(), 0, make([]byte, 16<<10)
		for err == nil {
			time.Sleep(2 * time.Second)
			var n int
			n, err = r.Read(buf)
			got += n
		}
		if got != 1<<20 || time.Since(start) < time.Minute {
			t.Errorf("got %d bytes in %v: %v", got, time.Since(start), err)
		}
		expect(t, <-writing, nil)
		server.Abort()
		<-reading
	})
}

func TestEndlessFrameIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := socket.NewBudget(1<<30, 1<<20)
		server, ws := listen(t, socket.Options{ReadLimit: 1 << 20, Budget: budget}).strange(t)
		go func() { _, _, _ = ws.NextReader() }()
		start := time.Now()
		reading := read(server)
		announce(t, ws, 1<<20, 10<<10)
		for err := error(nil); err == nil; time.Sleep(time.Second) {
			_, err = ws.NetConn().Write([]byte{0}) // a byte a second, for ever
		}
		expect(t, <-reading, socket.ErrSlow)
		if got := time.Since(start); got < 5*time.Minute || got > 6*time.Minute {
			t.Errorf("cut off after %v", got)
		}
		if used := budget.InUse(); used != 0 {
			t.Errorf("%d bytes still in use", used)
		}
	})
}

func TestPeerThatVanishesWithinAFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := socket.NewBudget(1<<30, 1<<20)
		network := listen(t, socket.Options{ReadLimit: 1 << 20, Budget: budget})

		gone, ws := network.strange(t)
		reading := read(gone)
		announce(t, ws, 1<<20, 10<<10)
		_ = ws.Close()
		expect(t, <-reading, socket.ErrLost)

		silent, ws := network.strange(t)
		go func() { _, _, _ = ws.NextReader() }() // pings arrive, answers can't be sent
		ws.SetPingHandler(func(string) error { return nil })
		reading = read(silent)
		announce(t, ws, 1<<20, 10<<10)
		expect(t, <-reading, socket.ErrSilent)

		if used := budget.InUse(); used != 0 {
			t.Errorf("%d bytes still in use", used)
		}
	})
}

// announce sends the beginning of a binary message of a given length.
func announce(t *testing.T, ws *websocket.Conn, length, sent int) {
	t.Helper()
	if err := begin(ws, length, sent); err != nil {
		t.Fatal(err)
	}
}

func begin(ws *websocket.Conn, length, sent int) error {
	header := binary.BigEndian.AppendUint64([]byte{0x82, 0xff}, uint64(length))
	frame := net.Buffers{header, make([]byte, 4), make([]byte, sent)} // a mask of zeros changes nothing
	_, err := frame.WriteTo(ws.NetConn())
	return err
}
