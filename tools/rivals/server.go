package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// child is a server that runs as a child process on loopback. It is a
// load.Server.
type child struct {
	port   int
	log    string                                // file
	launch func(port int, data string) *exec.Cmd // makes the command
	data   string

	cmd    *exec.Cmd
	exited chan struct{}
}

// newChild prepares a server that keeps its data below dir.
func newChild(dir string, launch func(port int, data string) *exec.Cmd) (*child, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &child{port: port, launch: launch, data: filepath.Join(dir, "data"), log: filepath.Join(dir, "log")}, nil
}

// freePort asks the kernel for a port that nobody uses. Somebody else may take
// it before the server does; then Start fails.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// URL returns where the server listens.
func (c *child) URL() string { return "ws://127.0.0.1:" + strconv.Itoa(c.port) }

// PID returns the server's process.
func (c *child) PID() int { return c.cmd.Process.Pid }

// Start runs the server and waits until it answers.
func (c *child) Start(ctx context.Context) error {
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	c.cmd = c.launch(c.port, c.data)
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

const startTimeout = 30 * time.Second

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

func (c *child) answers(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+strconv.Itoa(c.port)+"/", nil)
	if err != nil {
		return false
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
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
