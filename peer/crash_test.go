package peer_test

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// roundsVariable says how often the writer is killed, seedVariable when.
const (
	roundsVariable = "GODWIT_PEER_CRASH_ROUNDS"
	seedVariable   = "GODWIT_PEER_CRASH_SEED"

	crashRounds    = 20
	crashDocuments = 4
)

// actor is another process of a test, with a peer of its own.
type actor struct {
	tb     testing.TB
	cmd    *exec.Cmd
	lines  *bufio.Scanner
	stderr bytes.Buffer
}

func startActor(tb testing.TB, role, dir string, r *server, life int, ids ...crdt.DocumentID) *actor {
	tb.Helper()
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		names = append(names, id.String())
	}
	relay := ""
	if r != nil {
		relay = r.url()
	}
	a := &actor{tb: tb, cmd: exec.Command(os.Args[0])}
	a.cmd.Env = append(os.Environ(), roleVariable+"="+role, directoryVariable+"="+dir, relayVariable+"="+relay,
		documentsVariable+"="+strings.Join(names, ","), lifeVariable+"="+strconv.Itoa(life))
	a.cmd.Stderr = &a.stderr
	stdout, err := a.cmd.StdoutPipe()
	if err == nil {
		err = a.cmd.Start()
	}
	if err != nil {
		tb.Fatal(err)
	}
	a.lines = bufio.NewScanner(stdout)
	a.lines.Buffer(nil, 1<<20)
	return a
}

// said returns the next line, as two words; false if there are no more.
func (a *actor) said() (id crdt.DocumentID, word string, ok bool) {
	a.tb.Helper()
	if !a.lines.Scan() {
		return id, "", false
	}
	name, word, _ := strings.Cut(a.lines.Text(), " ")
	id, err := crdt.ParseDocumentID(name)
	if err != nil {
		a.tb.Fatalf("the other process says %q: %v", a.lines.Text(), err)
	}
	return id, word, true
}

// ended waits for the process, and returns what it left on stderr.
func (a *actor) ended() (string, error) {
	err := a.cmd.Wait()
	return a.stderr.String(), err
}

// acknowledged are the keys that are known to be in each document.
type acknowledged map[crdt.DocumentID][]string

// A process that writes is killed, again and again, while others write to the
// same documents. Its directory always opens, what it said is done is there,
// and in the end all agree.
func TestKilled(t *testing.T) {
	r := startRelay(t)
	bob := openPeer(t, peer.Config{Relay: r.url()})
	bob.online()
	var ids []crdt.DocumentID
	for range crashDocuments {
		doc := bob.create(set("text", ""))
		reaches(t, doc, peer.Synced)
		ids = append(ids, doc.ID())
	}
	random := seeded(t)
	rounds := crashRounds
	if testing.Short() {
		rounds = 4
	}
	dir, done := t.TempDir(), acknowledged{}
	for life := range number(t, roundsVariable, rounds) {
		writeUntilKilled(t, startActor(t, "writer", dir, r, life, ids...), bob, random, done)
		afterKill(t, dir, r, bob, done)
	}
	t.Logf("%d keys were acknowledged in %d documents", done.keys(), len(done))
}

// seeded returns what the test draws from, and says how to draw the same again.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := number(t, seedVariable, rand.Int())
	t.Logf("%s=%d", seedVariable, seed)
	return rand.New(rand.NewPCG(uint64(seed), 0))
}

func number(t *testing.T, variable string, usual int) int {
	t.Helper()
	text, given := os.LookupEnv(variable)
	if !given {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (a acknowledged) keys() (n int) {
	for _, keys := range a {
		n += len(keys)
	}
	return n
}

// writeUntilKilled kills a writer after some acknowledgements. For each of them
// Bob writes, too, so that the writer takes in what he does all the while.
func writeUntilKilled(t *testing.T, a *actor, bob *node, random *rand.Rand, done acknowledged) {
	t.Helper()
	last := makes + random.IntN(60)
	for n := 0; ; n++ {
		id, key, ok := a.said()
		if !ok {
			break
		}
		done[id] = append(done[id], key)
		if n == last {
			if err := a.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		if key != "made" && n < last {
			change(t, bob.find(id), func(root crdt.Map) error { return root.Get("text").Text().Append("b") })
		}
	}
	if said, err := a.ended(); err == nil || said != "" {
		t.Fatalf("the writer ended by itself (%v): %s", err, said)
	}
}

// afterKill opens what a killed writer left: all that it acknowledged is there,
// and once there is a link, everywhere. No document is to blame for the kill.
func afterKill(t *testing.T, dir string, r *server, bob *node, done acknowledged) {
	t.Helper()
	p := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	defer p.close()
	for id, keys := range done {
		doc := p.find(id)
		if err := status(t, doc).Err; err != nil {
			t.Fatalf("after the kill: %v", err)
		}
		content := read(t, doc)
		for _, key := range keys {
			if _, there := content[key]; !there {
				t.Fatalf("%s: %s was acknowledged, and is lost", id, key)
			}
		}
	}
	p.online()
	for id := range done {
		doc := p.find(id)
		reaches(t, doc, peer.Synced)
		agree(t, doc, bob.find(id))
	}
}
