package presence_test

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/internal/presence"
)

// patience bounds how long a test waits for JavaScript before it fails. It
// decides nothing else.
const patience = 60 * time.Second

// packages is where the JavaScript packages are installed.
var packages = filepath.Join("..", "interop")

// jsPeer is the real Presence of automerge-repo, in a Node process (see
// testdata/presence.mjs).
type jsPeer struct {
	t        *testing.T
	commands io.WriteCloser
	events   chan jsEvent
	count    int
	ready    jsEvent
}

// jsEvent is what it tells.
type jsEvent struct {
	Event    string            `json:"event"`
	Peer     string            `json:"peer"`
	Session  string            `json:"session"`
	Data     string            `json:"data"`
	Channel  string            `json:"channel"`
	Message  any               `json:"message"`
	Value    any               `json:"value"`
	State    any               `json:"state"`
	States   map[string]any    `json:"states"`
	Samples  []string          `json:"samples"`
	Versions map[string]string `json:"versions"`
}

type command map[string]any

func startJS(t *testing.T) *jsPeer {
	t.Helper()
	requirePackages(t)
	script, err := os.ReadFile(filepath.Join("testdata", "presence.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", "--input-type=module", "--eval", string(script))
	node.Dir, node.Stderr = packages, t.Output()
	in, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	js := &jsPeer{t: t, commands: in, events: make(chan jsEvent, 10_000)}
	ended := make(chan struct{})
	go js.read(out, ended)
	t.Cleanup(func() {
		in.Close() // ends the script
		<-ended
		if err := node.Wait(); err != nil {
			t.Errorf("node: %v", err)
		}
	})
	js.ready = js.await("ready")
	return js
}

func requirePackages(t *testing.T) {
	t.Helper()
	reason := ""
	if _, err := exec.LookPath("node"); err != nil {
		reason = "JavaScript's presence needs Node: " + err.Error()
	} else if _, err := os.Stat(filepath.Join(packages, "node_modules")); err != nil {
		reason = `the JavaScript packages are not installed: run "npm ci" in internal/interop`
	}
	switch {
	case reason == "":
	case os.Getenv("CI") == "true" || os.Getenv("GODWIT_INTEROP") == "required":
		t.Fatal(reason)
	default:
		t.Skip(reason)
	}
}

func (js *jsPeer) read(out io.Reader, ended chan<- struct{}) {
	defer close(ended)
	defer close(js.events)
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var e jsEvent
		if err := json.Unmarshal(line, &e); err != nil {
			js.t.Errorf("node said %s", line)
			return
		}
		js.events <- e
	}
}

func (js *jsPeer) tell(do string, fields command) {
	js.t.Helper()
	c := command{"do": do}
	for k, v := range fields {
		c[k] = v
	}
	line, err := json.Marshal(c)
	if err != nil {
		js.t.Fatal(err)
	}
	if _, err := js.commands.Write(append(line, '\n')); err != nil {
		js.t.Fatal(err)
	}
}

// hear brings it an ephemeral message.
func (js *jsPeer) hear(from presence.Sender, payload []byte) {
	js.t.Helper()
	js.count++
	js.tell("hear", command{"peer": from.Peer, "session": from.Session, "count": js.count, "data": hex.EncodeToString(payload)})
}

// await returns the next event of a kind; others before it are passed over.
func (js *jsPeer) await(event string) jsEvent {
	js.t.Helper()
	late := time.After(patience)
	for {
		select {
		case e, ok := <-js.events:
			switch {
			case !ok:
				js.t.Fatalf("node has ended; waited for %q", event)
			case e.Event == event:
				return e
			}
		case <-late:
			js.t.Fatalf("waited for %q in vain", event)
		}
	}
}

func (e jsEvent) payload(t *testing.T) []byte {
	t.Helper()
	return unhex(t, e.Data)
}

func (e jsEvent) sender() presence.Sender { return presence.Sender{Peer: e.Peer, Session: e.Session} }

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
