package interop_test

import (
	"reflect"
	"testing"
)

// object and list are JSON as a story writes it. See operations.mjs for the
// typed values such as {"$counter": 1}.
type (
	object map[string]any
	list   []any
)

// document is what a client says of one of its documents.
type document struct {
	Doc   string   `json:"doc"`
	State string   `json:"state"` // loading, requesting, ready, unavailable …
	Heads []string `json:"heads"` // hexadecimal, ascending
}

// traffic counts a client's messages by type.
type traffic struct {
	Sent     map[string]int `json:"sent"`
	Received map[string]int `json:"received"`
	Log      []string       `json:"log"`
}

// connect connects, and returns when the server has greeted the client.
func (c *client) connect() {
	c.t.Helper()
	c.call("connect", object{"url": c.relay.url()}, nil)
}

// disconnect takes the client offline with a WebSocket close.
func (c *client) disconnect() {
	c.t.Helper()
	c.call("disconnect", object{}, nil)
}

// vanish takes the client offline without a word.
func (c *client) vanish() {
	c.t.Helper()
	c.call("disconnect", object{"abrupt": true}, nil)
}

// reconnected returns when the client, whose server went away, has found its
// way back by itself. lost returns when it has noticed.
func (c *client) reconnected() {
	c.t.Helper()
	c.call("server", object{"connected": true}, nil)
}

func (c *client) lost() {
	c.t.Helper()
	c.call("server", object{"connected": false}, nil)
}

// create makes a document and returns its id.
func (c *client) create(value object) string {
	c.t.Helper()
	var d document
	c.call("create", object{"value": value}, &d)
	return d.Doc
}

// find asks for a document as an application does and returns what comes of
// it: "ready" or "unavailable".
func (c *client) find(doc string) string {
	c.t.Helper()
	var d document
	c.call("find", object{"doc": doc}, &d)
	return d.State
}

// open finds a document that must be there.
func (c *client) open(doc string) {
	c.t.Helper()
	if state := c.find(doc); state != "ready" {
		c.t.Fatalf("%s: find %s: %s", c.name, doc, state)
	}
}

// becomes waits until the document is in the given state.
func (c *client) becomes(doc, state string) {
	c.t.Helper()
	c.call("waitState", object{"doc": doc, "state": state}, nil)
}

// change makes one change of several operations.
func (c *client) change(doc string, ops ...object) {
	c.t.Helper()
	c.call("change", object{"doc": doc, "ops": ops}, nil)
}

// heads returns the document's heads, ascending.
func (c *client) heads(doc string) []string {
	c.t.Helper()
	var d document
	c.call("heads", object{"doc": doc}, &d)
	return d.Heads
}

// has waits until the client's document contains all these changes.
func (c *client) has(doc string, heads []string) {
	c.t.Helper()
	c.call("has", object{"doc": doc, "heads": heads}, nil)
}

// saved waits until getSyncInfo tells the client that the server has its heads.
func (c *client) saved(doc string) {
	c.t.Helper()
	c.call("saved", object{"doc": doc}, nil)
}

// hashes returns the hashes of all the document's changes, ascending.
func (c *client) hashes(doc string) []string {
	c.t.Helper()
	var out struct {
		Hashes []string `json:"hashes"`
	}
	c.call("hashes", object{"doc": doc}, &out)
	return out.Hashes
}

// dump returns the document with the types of all its values; see dump.mjs.
func (c *client) dump(doc string) any {
	c.t.Helper()
	var out struct {
		Value any `json:"value"`
	}
	c.call("dump", object{"doc": doc}, &out)
	return out.Value
}

// frames returns the messages that crossed the client's socket about one
// document ("" = all), since the last resetFrames.
func (c *client) frames(doc string) traffic {
	c.t.Helper()
	var out traffic
	c.call("frames", object{"doc": doc}, &out)
	return out
}

func put(value any, path ...any) object {
	return object{"op": "put", "path": path, "value": value}
}

func remove(path ...any) object {
	return object{"op": "del", "path": path}
}

func insert(index int, values list, path ...any) object {
	return object{"op": "insert", "path": path, "index": index, "values": values}
}

func splice(index, del int, text string, path ...any) object {
	return object{"op": "splice", "path": path, "index": index, "del": del, "text": text}
}

func increment(by int, path ...any) object {
	return object{"op": "inc", "path": path, "by": by}
}

// member is whoever works on documents: a JavaScript client or a Go peer.
type member interface {
	who() string
	heads(doc string) []string
	has(doc string, heads []string)
	hashes(doc string) []string
	dump(doc string) any
}

func (c *client) who() string { return c.name }

// converge waits until each has the changes of all, then fails the test unless
// they agree on heads, history and content. It returns the content.
func converge(t *testing.T, doc string, members ...member) any {
	t.Helper()
	var all []string
	for _, m := range members {
		all = append(all, m.heads(doc)...)
	}
	for _, m := range members {
		m.has(doc, all)
	}
	first := members[0]
	heads, hashes, content := first.heads(doc), first.hashes(doc), first.dump(doc)
	for _, m := range members[1:] {
		equal(t, m.who()+"'s heads", m.heads(doc), heads)
		equal(t, m.who()+"'s history", m.hashes(doc), hashes)
		equal(t, m.who()+"'s content", m.dump(doc), content)
	}
	return content
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// at walks a dump: at(content, "map", "title", "text").
func at(t *testing.T, value any, path ...any) any {
	t.Helper()
	for i, key := range path {
		switch step := key.(type) {
		case string:
			m, ok := value.(map[string]any)
			if !ok || m[step] == nil {
				t.Fatalf("no %v in %v", path[:i+1], value)
			}
			value = m[step]
		case int:
			l, ok := value.([]any)
			if !ok || step >= len(l) {
				t.Fatalf("no %v in %v", path[:i+1], value)
			}
			value = l[step]
		}
	}
	return value
}
