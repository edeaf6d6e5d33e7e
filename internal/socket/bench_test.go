package socket_test

import (
	"testing"

	"github.com/godwit-sync/godwit/internal/socket"
)

// BenchmarkEcho sends a small frame there and back.
func BenchmarkEcho(b *testing.B) {
	p := connect(b, socket.Options{}, socket.Options{})
	go func() {
		for {
			frame, err := p.server.ReadFrame()
			if err != nil || p.server.WriteFrame(frame.Bytes) != nil {
				return
			}
		}
	}()
	message := noise(300)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.client.WriteFrame(message); err != nil {
			b.Fatal(err)
		}
		if _, err := p.client.ReadFrame(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLargeFrames sends a megabyte in two parts, counted by a budget.
func BenchmarkLargeFrames(b *testing.B) {
	opts := socket.Options{ReadLimit: 2 << 20, Budget: socket.NewBudget(64<<20, 2<<20)}
	p := connect(b, opts, opts)
	payload := noise(1 << 20)
	header := payload[:200]
	go func() {
		for p.server.WriteFrame(header, payload) == nil {
		}
	}()
	b.SetBytes(int64(len(header) + len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		frame, err := p.client.ReadFrame()
		if err != nil {
			b.Fatal(err)
		}
		frame.Release()
	}
}
