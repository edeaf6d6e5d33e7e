package interop_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"
)

// client is one automerge-repo client in a Node process of its own. Its methods
// fail the test where the client answers with an error or not in time.
type client struct {
	t       *testing.T
	name    string
	relay   *relay
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stderr  *lines
	storage string

	mu      sync.Mutex
	last    int
	waiting map[int]chan reply
	events  []event
	changed chan struct{} // closed and replaced when an event arrives
	gone    chan struct{} // closed when the process has closed its output
}

type reply struct {
	OK    json.RawMessage `json:"ok"`
	Error string          `json:"error"`
}

// event is something that happened at a client unasked.
type event struct {
	Event     string   `json:"event"` // started, connected, disconnected, ephemeral, presence, remote-heads
	Doc       string   `json:"doc"`
	From      string   `json:"from"`
	Kind      string   `json:"kind"`
	Channel   string   `json:"channel"`
	StorageID string   `json:"storageId"`
	Heads     []string `json:"heads"`
	Message   any      `json:"message"`
	Value     any      `json:"value"`
}

// setup is how a client differs from the plain one: current version, no
// storage, connected.
type setup struct {
	PeerID      string `json:"peerId"`
	Version     int    `json:"version"` // 1 = automerge-repo 1.2.1, 2 = 2.5.6
	Storage     string `json:"storage"` // "none", "memory" or a directory
	RemoteHeads bool   `json:"remoteHeads"`
	Offline     bool   `json:"-"` // don't connect yet
}

// client starts a plain client and connects it.
func (r *relay) client(name string) *client {
	r.t.Helper()
	return r.clientWith(setup{PeerID: name})
}

func (r *relay) clientWith(s setup) *client {
	r.t.Helper()
	if s.Version == 0 {
		s.Version = 2
	}
	if s.Storage == "" {
		s.Storage = "none"
	}
	c := &client{
		t: r.t, name: s.PeerID, relay: r, storage: s.Storage, stderr: &lines{},
		waiting: map[int]chan reply{}, changed: make(chan struct{}), gone: make(chan struct{}),
	}
	c.launch(s)
	if !s.Offline {
		c.connect()
	}
	return c
}

func (c *client) launch(s setup) {
	c.t.Helper()
	cmd, err := nodeCommand("driver.mjs", s)
	if err != nil {
		c.t.Fatal(err)
	}
	cmd.Stderr = c.stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.cmd, c.stdin = cmd, stdin
	go c.read(stdout)
	c.t.Cleanup(func() {
		if c.t.Failed() {
			c.describe()
		}
		c.end()
	})
}

// end kills the client's process; what it kept in memory is gone.
func (c *client) end() {
	_ = c.cmd.Process.Kill()
	<-c.gone
	_ = c.cmd.Wait()
}

func (c *client) read(stdout io.Reader) {
	defer close(c.gone)
	reader := bufio.NewReader(stdout)
	for {
		line, err := reader.ReadBytes('\n')
		if err != nil {
			return
		}
		var message struct {
			ID int `json:"id"`
			reply
			event
		}
		if err := json.Unmarshal(line, &message); err != nil {
			c.t.Errorf("%s: %v: %s", c.name, err, line)
			return
		}
		c.deliver(message.ID, message.reply, message.event)
	}
}

func (c *client) deliver(id int, r reply, e event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id != 0 {
		c.waiting[id] <- r
		delete(c.waiting, id)
		return
	}
	c.events = append(c.events, e)
	close(c.changed)
	c.changed = make(chan struct{})
}

// call sends one command and decodes its answer into out, unless out is nil.
func (c *client) call(command string, args object, out any) {
	c.t.Helper()
	c.answer(c.send(command, args), command, out)
}

// send is the first half of call: several clients can be given commands before
// any of them is waited for.
func (c *client) send(command string, args object) <-chan reply {
	c.t.Helper()
	answer, err := c.try(command, args)
	if err != nil {
		c.t.Fatalf("%s: %s: %v", c.name, command, err)
	}
	return answer
}

func (c *client) try(command string, args object) (<-chan reply, error) {
	answer := make(chan reply, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	line, err := json.Marshal(object{"id": c.last, "cmd": command, "args": args})
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	c.waiting[c.last] = answer
	if _, err := c.stdin.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	return answer, nil
}

func (c *client) answer(answer <-chan reply, command string, out any) {
	c.t.Helper()
	select {
	case r := <-answer:
		if r.Error != "" {
			c.t.Fatalf("%s: %s: %s", c.name, command, r.Error)
		}
		if out == nil {
			return
		}
		if err := json.Unmarshal(r.OK, out); err != nil {
			c.t.Fatalf("%s: %s: %v", c.name, command, err)
		}
	case <-c.gone:
		c.t.Fatalf("%s: %s: the client ended", c.name, command)
	case <-time.After(patience):
		c.t.Fatalf("%s: %s: no answer", c.name, command)
	}
}

// await returns the first event that fits, past or future.
func (c *client) await(what string, fits func(event) bool) event {
	c.t.Helper()
	deadline := time.After(patience)
	for {
		c.mu.Lock()
		found := slices.IndexFunc(c.events, fits)
		changed := c.changed
		if found >= 0 {
			defer c.mu.Unlock()
			return c.events[found]
		}
		c.mu.Unlock()
		select {
		case <-changed:
		case <-c.gone:
			c.t.Fatalf("%s: awaiting %s: the client ended", c.name, what)
		case <-deadline:
			c.t.Fatalf("%s: awaiting %s: it doesn't happen", c.name, what)
		}
	}
}

// seen returns the events so far that fit.
func (c *client) seen(fits func(event) bool) []event {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []event
	for _, e := range c.events {
		if fits(e) {
			found = append(found, e)
		}
	}
	return found
}

// describe logs what the client did, for a failed test.
func (c *client) describe() {
	if out := c.stderr.String(); out != "" {
		c.t.Logf("%s: %s", c.name, out)
	}
	answer, err := c.try("frames", nil)
	if err != nil {
		return // it has ended, and said why
	}
	select {
	case r := <-answer:
		var frames traffic
		_ = json.Unmarshal(r.OK, &frames)
		c.t.Logf("%s: sent %v, received %v", c.name, frames.Sent, frames.Received)
		for _, line := range frames.Log[max(0, len(frames.Log)-30):] {
			c.t.Logf("%s %s", c.name, line)
		}
	case <-c.gone:
	case <-time.After(time.Second):
	}
}
