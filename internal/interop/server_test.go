package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// relay is a server under test: a child process that can be killed, stopped
// and started again on the same port and data.
type relay struct {
	t      *testing.T
	js     bool   // server.mjs instead of cmd/godwit-relay
	addr   string // host:port
	data   string // directory
	cmd    *exec.Cmd
	output *lines
	exited chan struct{} // closed when cmd has been waited for

	reader *client // who reads documents for Go peers; see inspect
}

// startRelay starts the server under test over an empty directory. It ends with
// the test, and its output is shown if the test fails.
func startRelay(t *testing.T) *relay {
	t.Helper()
	return startServer(t, againstJS())
}

func startServer(t *testing.T, js bool) *relay {
	t.Helper()
	requireClients(t)
	if !js {
		if built := prepare(); built.err != nil {
			t.Fatal(built.err)
		}
	}
	r := &relay{t: t, js: js, addr: freeAddress(t), data: t.TempDir(), output: &lines{}}
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			t.Logf("server output:\n%s", r.output)
		}
	})
	r.start()
	return r
}

// start runs the server and returns when it answers.
func (r *relay) start() {
	r.t.Helper()
	cmd := r.command()
	cmd.Stdout, cmd.Stderr = r.output, r.output
	if err := cmd.Start(); err != nil {
		r.t.Fatalf("start the server: %v", err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	r.cmd, r.exited = cmd, exited
	r.awaitHealth()
}

func (r *relay) command() *exec.Cmd {
	if r.js {
		_, port, _ := net.SplitHostPort(r.addr)
		return exec.Command("node", "server.mjs", fmt.Sprintf(`{"port": %s, "data": %q}`, port, r.data))
	}
	return exec.Command(prepare().relay, "--listen", r.addr, "--data", r.data)
}

func (r *relay) awaitHealth() {
	r.t.Helper()
	deadline := time.After(patience)
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		if r.healthy() {
			return
		}
		select {
		case <-retry.C:
		case <-r.exited:
			r.t.Fatalf("the server ended: %v\n%s", r.cmd.ProcessState, r.output)
		case <-deadline:
			r.t.Fatalf("the server doesn't answer on %s", r.addr)
		}
	}
}

func (r *relay) healthy() bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.addr+"/healthz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode == http.StatusOK
}

// kill ends the server as a power cut would: SIGKILL, nothing flushed.
func (r *relay) kill() {
	_ = r.cmd.Process.Kill()
	<-r.exited
}

// stop asks the server to end with SIGTERM and returns its exit code.
func (r *relay) stop() int {
	r.t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatalf("SIGTERM: %v", err)
	}
	select {
	case <-r.exited:
	case <-time.After(patience):
		r.t.Fatal("the server doesn't end on SIGTERM")
	}
	return r.cmd.ProcessState.ExitCode()
}

// running fails the test if the server has ended by itself.
func (r *relay) running() {
	r.t.Helper()
	select {
	case <-r.exited:
		r.t.Fatalf("the server ended: %v", r.cmd.ProcessState)
	default:
	}
}

func (r *relay) url() string { return "ws://" + r.addr }

// freeAddress picks a loopback port below the range that the kernel hands out:
// while the server is down, a client that keeps dialling can't be given the
// port as its own end and so connect to itself or hold it.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		listener, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		_ = listener.Close()
		return addr
	}
	t.Fatal("no free port")
	return ""
}

// lines is a process's output, safe to read while it grows.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns the last 16 KiB.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.buf.Bytes()
	return string(all[max(0, len(all)-16<<10):])
}

// nodeCommand is a Node process that takes its options as one JSON argument.
func nodeCommand(script string, options any) (*exec.Cmd, error) {
	encoded, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("encode options: %w", err)
	}
	cmd := exec.Command("node", script, string(encoded))
	cmd.Env = append(os.Environ(), "NODE_NO_WARNINGS=1")
	return cmd, nil
}
