package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/godwit-sync/godwit/internal/load"
)

// child is a server that runs as a child process on loopback. It is a
// load.Server.
type child struct {
	kind *kind
	port int
	log  string // file
	data string // directory

	cmd    *exec.Cmd
	exited chan struct{}
}

// newChild prepares a server that keeps what it has below dir.
func newChild(dir string, k *kind) (*child, error) {
	port, err := freePort()
	return &child{kind: k, port: port, data: filepath.Join(dir, "data"), log: filepath.Join(dir, "log")}, err
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

// URL returns where the server listens.
func (c *child) URL() string { return "ws://" + loopback(c.port) }

// PID returns the server's process.
func (c *child) PID() int { return c.cmd.Process.Pid }

// Start runs the server and waits until it answers.
func (c *child) Start(ctx context.Context) error {
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the child has its own
	c.cmd = c.kind.launch(c.port, c.data)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		return err
	}
	exited, cmd := make(chan struct{}), c.cmd
	c.exited = exited
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	return c.awaitAnswer(ctx)
}

const (
	startTimeout = 30 * time.Second
	greetTimeout = 500 * time.Millisecond
)

func (c *child) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		if c.answers(ctx) {
			return nil
		}
		select {
		case <-retry.C:
		case <-c.exited:
			return fmt.Errorf("the server ended: %s; see %s", c.cmd.ProcessState, c.log)
		case <-ctx.Done():
			return fmt.Errorf("the server doesn't answer: %w; see %s", ctx.Err(), c.log)
		}
	}
}

// answers reports whether the server greets. That it accepts connections is not
// enough: the JavaScript server does so before it listens to them.
func (c *child) answers(ctx context.Context) bool {
	if c.kind.ceiling {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", loopback(c.port))
		return err == nil && conn.Close() == nil
	}
	ctx, cancel := context.WithTimeout(ctx, greetTimeout)
	defer cancel()
	return load.Greets(ctx, c.URL())
}

// Stop ends the server with SIGTERM.
func (c *child) Stop() error { return c.end(syscall.SIGTERM) }

// Kill ends the server with SIGKILL.
func (c *child) Kill() error { return c.end(syscall.SIGKILL) }

func (c *child) end(signal os.Signal) error {
	if c.cmd == nil {
		return nil
	}
	if err := c.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-c.exited
	return nil
}
