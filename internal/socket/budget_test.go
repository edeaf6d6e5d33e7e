package socket_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/godwit-sync/godwit/internal/socket"
)

const mega = 1 << 20

// crowd connects n clients that share a budget and announces a frame of a
// megabyte on each, of which it sends a part.
func crowd(t *testing.T, budget *socket.Budget, n, part int) (servers []*socket.Conn, clients []*websocket.Conn) {
	t.Helper()
	network := listen(t, socket.Options{ReadLimit: mega, Budget: budget})
	for range n {
		server, ws := network.strange(t)
		servers, clients = append(servers, server), append(clients, ws)
		ws.SetPingHandler(func(string) error { return nil }) // no answer gets into the frame
		go func() { _ = goodbye(ws) }()
		go func() { _ = begin(ws, mega, part) }()
	}
	return servers, clients
}

// Ten frames that are half there hold more than there is; one after the other
// they arrive nevertheless.
func TestHalfReadFramesDoNotBlockEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := socket.NewBudget(3*mega, mega)
		servers, clients := crowd(t, budget, 10, mega*6/10)
		done := make(chan error, len(servers))
		for _, server := range servers {
			go func() {
				frame, err := server.ReadFrame()
				if err == nil && len(frame.Bytes) != mega {
					t.Errorf("%d bytes", len(frame.Bytes))
				}
				frame.Release()
				done <- err
			}()
		}
		synctest.Wait()
		if used := budget.InUse(); used <= 2*mega || used > 3*mega {
			t.Errorf("%d bytes in use", used)
		}
		for _, ws := range clients {
			go func() { _, _ = ws.NetConn().Write(make([]byte, mega-mega*6/10)) }()
		}
		for range servers {
			expect(t, <-done, nil)
		}
		if used := budget.InUse(); used != 0 {
			t.Errorf("%d bytes still in use", used)
		}
	})
}

func TestFrameWaitsForMemoryThatIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := socket.NewBudget(2*mega, mega)
		servers, _ := crowd(t, budget, 3, mega)
		var held []socket.Frame
		for _, server := range servers[:2] {
			frame, err := server.ReadFrame()
			expect(t, err, nil)
			held = append(held, frame)
		}
		third := read(servers[2])
		synctest.Wait()
		select {
		case err := <-third:
			t.Fatalf("the third frame didn't wait: %v", err)
		default:
		}
		held[0].Release()
		held[0].Release() // once is enough, twice is the same
		expect(t, <-third, nil)
		held[1].Release()
		if used := budget.InUse(); used != 0 {
			t.Errorf("%d bytes still in use", used)
		}
	})
}

func TestFrameThatWaitsInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := socket.NewBudget(2*mega, mega)
		servers, _ := crowd(t, budget, 4, mega)
		for _, server := range servers[:2] {
			frame, err := server.ReadFrame()
			expect(t, err, nil)
			defer frame.Release()
		}
		aborted, waiting := read(servers[2]), read(servers[3])
		synctest.Wait()
		servers[2].Abort()
		expect(t, <-aborted, socket.ErrClosed)
		expect(t, <-waiting, socket.ErrBusy)
	})
}

// Who gives up its place in the line lets those behind it pass.
func TestFrameBehindOneThatGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := socket.NewBudget(3*mega, mega)
		servers, _ := crowd(t, budget, 4, mega)
		for _, server := range servers[:3] {
			frame, err := server.ReadFrame()
			expect(t, err, nil)
			defer frame.Release()
		}
		// Less than 4 KiB are left now, and what is set aside is lent.
		first := read(servers[3])
		synctest.Wait()

		modest, ws := listen(t, socket.Options{ReadLimit: 5_000, Budget: budget}).strange(t)
		go func() { _ = begin(ws, 5_000, 5_000) }()
		second := read(modest)
		synctest.Wait()
		select {
		case err := <-second:
			t.Fatalf("passed the one in front: %v", err)
		default:
		}
		servers[3].Abort()
		expect(t, <-first, socket.ErrClosed)
		synctest.Wait()
		select {
		case err := <-second:
			expect(t, err, nil)
		default:
			t.Error("still waits")
		}
	})
}

func TestForgottenFrameGivesItsShareBack(t *testing.T) {
	budget := socket.NewBudget(2*mega, mega)
	server, ws := stranger(t, socket.Options{ReadLimit: mega, Budget: budget})
	if err := ws.WriteMessage(websocket.BinaryMessage, make([]byte, mega)); err != nil {
		t.Fatal(err)
	}
	if _, err := server.ReadFrame(); err != nil {
		t.Fatal(err)
	}
	for budget.InUse() != 0 {
		runtime.GC()
	}
}

// Frames that hold all there is and hardly grow are cut off, long before any
// of them has taken too long, once somebody waits.
func TestFramesThatDawdleMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := socket.NewBudget(2*mega, mega)
		servers, clients := crowd(t, budget, 2, mega*6/10) // the second one's in what is set aside
		var dawdling []<-chan error
		for i, server := range servers {
			dawdling = append(dawdling, read(server))
			synctest.Wait()
			go trickle(t, clients[i], 1, 4*time.Second)
		}
		time.Sleep(time.Minute) // nobody waits
		for i, server := range servers {
			select {
			case <-server.Done():
				t.Errorf("frame %d was cut off before anybody waited", i)
			default:
			}
		}
		waiting, _ := crowd(t, budget, 1, mega)
		start := time.Now()
		expect(t, <-read(waiting[0]), nil)
		// Once for each of the two, should the first not have been enough.
		if waited := time.Since(start); waited > 40*time.Second {
			t.Errorf("waited %v", waited)
		}
		for _, result := range dawdling {
			expect(t, <-result, socket.ErrSlow)
		}
	})
}

// A frame that fills what it holds in less than two minutes may go on, with
// pauses shorter than silence, while others wait.
func TestFrameThatKeepsPaceIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := socket.NewBudget(2*mega, mega)
		server, ws := listen(t, socket.Options{ReadLimit: mega, Budget: budget}).strange(t)
		ws.SetPingHandler(func(string) error { return nil })
		go func() { _ = goodbye(ws) }()
		steady := read(server)
		announce(t, ws, mega-1, mega*6/10)
		synctest.Wait()
		others, _ := crowd(t, budget, 2, mega)
		frame, err := others[0].ReadFrame() // in what is set aside
		expect(t, err, nil)
		waiting := read(others[1])
		go trickle(t, ws, 140<<10, 11*time.Second)
		expect(t, <-steady, nil)
		frame.Release()
		expect(t, <-waiting, nil)
	})
}

// trickle sends n bytes of a frame at every interval, until the connection or
// the test ends.
func trickle(t *testing.T, ws *websocket.Conn, n int, interval time.Duration) {
	t.Helper()
	for {
		if _, err := ws.NetConn().Write(make([]byte, n)); err != nil {
			return
		}
		select {
		case <-time.After(interval):
		case <-t.Context().Done():
			return
		}
	}
}
