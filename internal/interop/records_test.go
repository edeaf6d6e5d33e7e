package interop_test

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/record"
)

// scribe is a JavaScript author who works on records with Automerge alone
// (records.mjs).
type scribe struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Reader
}

// written is what a scribe says of a document.
type written struct {
	Saved string
	Heads []string
	Doc   any
	State string
}

func newScribe(t *testing.T) *scribe {
	t.Helper()
	requireClients(t)
	node := exec.Command("node", "records.mjs")
	node.Stderr = os.Stderr
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
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), node.Wait()); err != nil {
			t.Error(err)
		}
	})
	return &scribe{t, in, bufio.NewReader(out)}
}

// write lets the scribe load a document, change it, if there are operations, and
// save it; what comes of it is loaded here. The heads must be the same.
func (s *scribe) write(d *crdt.Doc, message string, ops ...object) (*crdt.Doc, written) {
	s.t.Helper()
	saved, err := d.Save()
	if err != nil {
		s.t.Fatal(err)
	}
	line, err := json.Marshal(object{"saved": base64.StdEncoding.EncodeToString(saved), "actor": hex.EncodeToString([]byte(d.Actor())), "ops": ops, "message": message})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.in.Write(append(line, '\n')); err != nil {
		s.t.Fatal(err)
	}
	answer, err := s.out.ReadBytes('\n')
	if err != nil {
		s.t.Fatal(err)
	}
	var w written
	if err := json.Unmarshal(answer, &w); err != nil {
		s.t.Fatal(err)
	}
	if saved, err = base64.StdEncoding.DecodeString(w.Saved); err != nil {
		s.t.Fatal(err)
	}
	again, err := crdt.Load(d.Actor(), saved)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(again.Close)
	if err := again.Verify(); err != nil {
		s.t.Error(err)
	}
	heads := []string{}
	for _, h := range again.Heads() {
		heads = append(heads, h.String())
	}
	equal(s.t, "heads in JavaScript", w.Heads, heads)
	return again, w
}

func recordOf(t *testing.T, name string) *crdt.Doc {
	t.Helper()
	d, err := crdt.New(crdt.ActorID((name + "................")[:16]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// create makes the record of a key.
func create(t *testing.T, d *crdt.Doc, key string, v object) {
	t.Helper()
	if _, err := record.Put(d, key, v); err != nil {
		t.Fatal(err)
	}
}

func mergeRecords(t *testing.T, docs ...*crdt.Doc) {
	t.Helper()
	for range 2 {
		for _, d := range docs {
			for _, other := range docs {
				if err := d.Merge(other); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// A record that two made offline is one in JavaScript, too: read, edited, saved
// there and loaded again, by somebody who knows nothing of keys and skeletons.
func TestARecordWithANaturalKeyInJavaScript(t *testing.T) {
	t.Parallel()
	script := newScribe(t)
	key := "ada@example.com"
	ann, bob, js := recordOf(t, "ann"), recordOf(t, "bob"), recordOf(t, "javascript")
	create(t, ann, key, object{"by ann": 1, "visits": crdt.Counter(1), "address": object{"geo": object{"lat": 1}}})
	create(t, bob, key, object{"by bob": 2, "visits": crdt.Counter(2), "address": object{"geo": object{"lon": 2}}, "links": object{}})

	// JavaScript gets what one made, edits it, and meets what the other made.
	mergeRecords(t, js, ann)
	js, said := script.write(js, "", put("typed", "address", "geo", "note"), put(object{"x": 1}, "address", "more"), remove("by ann"))
	equal(t, "state", said.State, "present")
	mergeRecords(t, js, bob)
	js, _ = script.write(js, "", put(object{"$counter": 3}, "address", "count"), put(object{"$str": "b"}, "links", "web"))
	mergeRecords(t, ann, bob, js)
	for _, d := range []*crdt.Doc{ann, bob, js} {
		_, said := script.write(d, "")
		equal(t, "state", said.State, "present")
		equal(t, "key", at(t, said.Doc, "map", record.KeyName, "str"), any(key))
		equal(t, "note", at(t, said.Doc, "map", "address", "map", "geo", "map", "note", "text"), any("typed"))
		equal(t, "lon", at(t, said.Doc, "map", "address", "map", "geo", "map", "lon", "number"), any("2"))
		equal(t, "lat", at(t, said.Doc, "map", "address", "map", "geo", "map", "lat", "number"), any("1"))
		equal(t, "by bob", at(t, said.Doc, "map", "by bob", "number"), any("2"))
		equal(t, "visits", at(t, said.Doc, "map", "visits", "counter"), any("3"))
		equal(t, "web", at(t, said.Doc, "map", "links", "map", "web", "str"), any("b"))
	}
}

// recordStep lets somebody, a Go peer or a JavaScript author, do something with a record.
func recordStep(t *testing.T, rng *rand.Rand, script *scribe, docs []*crdt.Doc) {
	t.Helper()
	i := rng.IntN(len(docs))
	field, n := fmt.Sprint("f", rng.IntN(3)), rng.IntN(100)
	policy := []string{"edit-wins", "edit-wins", "delete-wins", "newer"}[rng.IntN(4)]
	if rng.IntN(3) == 0 {
		if err := docs[i].Merge(docs[rng.IntN(len(docs))]); err != nil {
			t.Fatal(err)
		}
		return
	}
	if i%2 == 0 { // a Go peer
		edit := []func(root crdt.Map) error{
			func(root crdt.Map) error { return root.Set(field, n) },
			func(root crdt.Map) error { return record.Delete(root, record.Policy(policy)) },
			record.Restore,
		}
		var opts []crdt.ChangeOption
		switch what := rng.IntN(5); what {
		case 3:
			create(t, docs[i], "k", object{field: n, "in": object{field: n}})
			return
		case 4:
			opts = append(opts, crdt.WithMessage(record.Resolved))
			fallthrough
		default:
			if _, err := docs[i].Change(edit[what%3], opts...); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	message := ""
	var ops []object
	switch rng.IntN(8) {
	case 0:
		ops = all(put(n, field))
	case 1:
		ops = all(put(object{field: "letters"}, "own"), put(n, "own", field))
	case 2:
		ops, message = all(put(n, field)), record.Resolved
	case 3, 4:
		ops = all(put(object{"$str": policy}, record.DeletedName))
	case 5:
		ops = all(put(policy, record.DeletedName)) // a text, which names no policy
	case 6:
		ops = all(put(object{"$counter": n}, record.DeletedName))
	default:
		ops = all(put(object{"$str": policy}, record.DeletedName), remove(record.DeletedName))
	}
	docs[i], _ = script.write(docs[i], message, ops...)
}

func all(ops ...object) []object { return ops }

// What the published function says in JavaScript is what we say, at every moment
// of random histories that both have written; also of what JavaScript saved.
func TestExistenceInJavaScript(t *testing.T) {
	t.Parallel()
	script := newScribe(t)
	seen := map[string]int{}
	for range 40 {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 8))
		var docs []*crdt.Doc
		for i := range 2 + rng.IntN(3) {
			docs = append(docs, recordOf(t, fmt.Sprint("author ", i)))
		}
		for range 4 + rng.IntN(20) {
			recordStep(t, rng, script, docs)
		}
		mergeRecords(t, docs[:2]...)
		for _, d := range docs {
			again, said := script.write(d, "")
			seen[said.State]++
			for where, d := range map[string]*crdt.Doc{"here": d, "saved by JavaScript": again} {
				state, err := record.StateOf(d)
				if err != nil {
					t.Fatal(err)
				}
				equal(t, where+", the state", state.String(), said.State)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if seen["present"] < 10 || seen["deleted"] < 10 {
		t.Errorf("the states were %v", seen)
	}
}

// A record's id is one for automerge-repo, too.
func TestARecordsIdInJavaScript(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	id := docid.RecordFor("acme/employees", "ada@example.com")
	alice := relay.client("alice")
	if state := alice.find(id.String()); state != "unavailable" {
		t.Errorf("it is %s", state)
	}
}
