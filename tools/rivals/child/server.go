package child

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Kind is what a server is like.
type Kind struct {
	// Launch is the command that serves a port of loopback from a directory.
	Launch func(port int, data string) *exec.Cmd
	// Answers reports whether the server does its work already. That it accepts
	// connections may not be enough.
	Answers func(ctx context.Context, port int) bool
}

// Server is a server that runs as a child process on loopback. Its methods are
// called one after the other.
type Server struct {
	kind Kind
	port int
	log  string // file
	data string // directory

	cmd    *exec.Cmd
	exited chan struct{}
}

// New prepares a server that keeps what it has below dir.
func New(dir string, kind Kind) (*Server, error) {
	port, err := freePort()
	return &Server{kind: kind, port: port, data: filepath.Join(dir, "data"), log: filepath.Join(dir, "log")}, err
}

// freePort asks the kernel for a port that nobody uses. Somebody else may take
// it before the server does; then Start fails.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close() //nolint:errcheck // it has done its work
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// Address is where a port of loopback is.
func Address(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// Address returns where the server listens.
func (s *Server) Address() string { return Address(s.port) }

// PID returns the server's process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Start runs the server and waits until it answers.
func (s *Server) Start(ctx context.Context) error {
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the child has its own
	s.cmd = s.kind.Launch(s.port, s.data)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	exited, cmd := make(chan struct{}), s.cmd
	s.exited = exited
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	return s.awaitAnswer(ctx)
}

const (
	startTimeout  = 30 * time.Second
	answerTimeout = 500 * time.Millisecond
)

func (s *Server) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		if s.answers(ctx) {
			return nil
		}
		select {
		case <-retry.C:
		case <-s.exited:
			return fmt.Errorf("the server ended: %s; see %s", s.cmd.ProcessState, s.log)
		case <-ctx.Done():
			return fmt.Errorf("the server doesn't answer: %w; see %s", ctx.Err(), s.log)
		}
	}
}

func (s *Server) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return s.kind.Answers(ctx, s.port)
}

// Stop ends the server with SIGTERM.
func (s *Server) Stop() error { return s.end(syscall.SIGTERM) }

// Kill ends the server with SIGKILL.
func (s *Server) Kill() error { return s.end(syscall.SIGKILL) }

func (s *Server) end(signal os.Signal) error {
	if s.cmd == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.exited
	return nil
}
