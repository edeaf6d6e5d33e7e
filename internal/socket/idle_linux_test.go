package socket_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/godwit-sync/godwit/internal/socket"
)

const idlers = 2000

// BenchmarkIdleConnections reports the anonymous memory and the goroutines
// that the server's end of an idle connection costs, its reader included, after
// a first frame. The clients are bare file descriptors.
func BenchmarkIdleConnections(b *testing.B) {
	for b.Loop() {
		accepted := make(chan *socket.Conn)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, err := socket.Accept(w, r, socket.Options{})
			if err != nil {
				b.Error(err)
				return
			}
			go func() {
				for {
					if _, err := conn.ReadFrame(); err != nil {
						return
					}
					accepted <- conn
				}
			}()
		}))
		address := server.Listener.Addr().(*net.TCPAddr)
		clients := make([]int, 0, idlers)
		conns := make([]*socket.Conn, 0, idlers)
		memory, goroutines := anonymous(b), runtime.NumGoroutine()
		for range idlers {
			clients = append(clients, bareClient(b, address))
			conns = append(conns, <-accepted)
		}
		b.ReportMetric(float64(anonymous(b)-memory)/idlers, "B/conn")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/idlers, "goroutines/conn")
		for i, conn := range conns {
			conn.Abort()
			_ = syscall.Close(clients[i])
		}
		server.Close()
	}
}

// bareClient opens a WebSocket without any memory of Go's.
func bareClient(b *testing.B, address *net.TCPAddr) int {
	b.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		b.Fatal(err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: address.Port, Addr: [4]byte(address.IP.To4())}); err != nil {
		b.Fatal(err)
	}
	if _, err := syscall.Write(fd, []byte("GET / HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")); err != nil {
		b.Fatal(err)
	}
	// A server doesn't like to hear anything before it has answered.
	if _, err := syscall.Read(fd, make([]byte, 512)); err != nil {
		b.Fatal(err)
	}
	if _, err := syscall.Write(fd, []byte{0x82, 0x81, 0, 0, 0, 0, 'x'}); err != nil {
		b.Fatal(err)
	}
	return fd
}

// anonymous returns the process's RssAnon in bytes after a collection.
func anonymous(b *testing.B) int64 {
	b.Helper()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib << 10
}
