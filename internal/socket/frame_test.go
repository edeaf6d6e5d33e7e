package socket_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/godwit-sync/godwit/internal/socket"
)

// Sizes around every boundary that a frame's way has: lengths in the header,
// buffers, the uncounted part, fragments.
var sizes = []int{
	0, 1, 125, 126, 1 << 10, 4<<10 - 1, 4 << 10, 4<<10 + 1, 8 << 10, 8<<10 + 1,
	64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20, 3<<20 + 7,
}

func TestFramesArriveAsSent(t *testing.T) {
	budget := socket.NewBudget(64<<20, 8<<20)
	opts := socket.Options{ReadLimit: 8 << 20, Budget: budget}
	p := connect(t, opts, opts)
	for _, size := range sizes {
		want := noise(size)
		exchange(t, p.client, p.server, want, want)
		exchange(t, p.server, p.client, want, want)
		exchange(t, p.client, p.server, want, want[:size/3], want[size/3:])
		exchange(t, p.server, p.client, want, want[:size/3], want[size/3:])
	}
	if used := budget.InUse(); used != 0 {
		t.Errorf("%d bytes of the budget are still in use", used)
	}
}

// exchange sends parts as one frame, which is to arrive as want.
func exchange(t *testing.T, from, to *socket.Conn, want []byte, parts ...[]byte) {
	t.Helper()
	sent := make(chan error, 1)
	go func() { sent <- from.WriteFrame(parts...) }()
	frame, err := to.ReadFrame()
	if err != nil {
		t.Fatalf("read %d bytes: %v", len(want), err)
	}
	defer frame.Release()
	if !bytes.Equal(frame.Bytes, want) {
		t.Fatalf("got %d bytes, want %d equal ones", len(frame.Bytes), len(want))
	}
	if err := <-sent; err != nil {
		t.Fatalf("write %d bytes: %v", len(want), err)
	}
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}
