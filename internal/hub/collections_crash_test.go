package hub_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// The environment of a process that is to be killed.
const (
	victimRole  = "GODWIT_HUB_VICTIM" // "peer" or "relay"
	victimPath  = "GODWIT_HUB_PATH"
	victimRelay = "GODWIT_HUB_RELAY"
)

// victim is another process, with a station of its own.
type victim struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func startVictim(t *testing.T, role, dir, relay string) *victim {
	t.Helper()
	v := &victim{t: t, cmd: exec.Command(os.Args[0], "-test.run", "^TestCollectionVictim$", "-test.v")}
	v.cmd.Env = append(os.Environ(), victimRole+"="+role, victimPath+"="+dir, victimRelay+"="+relay)
	out, err := v.cmd.StdoutPipe()
	if err == nil {
		err = v.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	v.lines = bufio.NewScanner(out)
	return v
}

// said returns what follows a word in the next line that begins with it.
func (v *victim) said(word string) string {
	v.t.Helper()
	for v.lines.Scan() {
		if text, ok := strings.CutPrefix(v.lines.Text(), word+" "); ok {
			return text
		}
	}
	v.t.Fatal("the other process has ended")
	return ""
}

func (v *victim) kill() {
	_ = v.cmd.Process.Kill()
	_ = v.cmd.Wait()
}

// TestCollectionVictim is what the other process does: a peer makes new documents
// without end and syncs them, a relay serves.
func TestCollectionVictim(t *testing.T) {
	role := os.Getenv(victimRole)
	if role == "" {
		t.Skip("it is for other processes")
	}
	dir := os.Getenv(victimPath)
	if role == "relay" {
		fmt.Println("url", newStation(t, "relay", dir).serve().url)
		<-t.Context().Done()
	}
	s := newStation(t, "victim", dir)
	s.join(os.Getenv(victimRelay), staff)
	for {
		id := docid.NewRecord(docid.CollectionTag(staff))
		s.edit(id)
		fmt.Println("made", id)
	}
}

// TestCollectionPeerKilled: a peer that is killed while it makes documents and gets
// those of others loses nothing that was durable, and what the relay is said to have
// the relay has.
func TestCollectionPeerKilled(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	relay, other := newStation(t, "relay", "").serve(), newStation(t, "other", "")
	other.join(relay.url, staff)
	dir := t.TempDir()
	var made []docid.ID
	for round := range crashRounds() {
		v := startVictim(t, "peer", dir, relay.url)
		other.fill(staff, round*100, round*100+100, 300)
		for range rng.IntN(200) {
			id, err := docid.Parse(v.said("made"))
			if err != nil {
				t.Fatal(err)
			}
			made = append(made, id)
		}
		v.kill()
	}
	s := newStation(t, "victim", dir)
	for _, id := range made {
		if s.heads(id) == nil {
			t.Fatalf("%s is lost", id)
		}
	}
	s.join(relay.url, staff)
	s.caughtUp(staff)
	sameDocuments(t, staff, s, relay)
}

// TestCollectionRelayKilled: neither does a relay.
func TestCollectionRelayKilled(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	a, b := newStation(t, "a", ""), newStation(t, "b", "")
	tag := docid.CollectionTag(staff)
	for round := range crashRounds() {
		v := startVictim(t, "relay", dir, "")
		url := v.said("url")
		a.join(url, staff)
		b.join(url, staff)
		for n := range rng.IntN(100) {
			a.edit(record(staff, round*100+n))
			b.edit(record(staff, rng.IntN(round*100+100)))
		}
		v.kill()
		a.leave()
		b.leave()
	}
	relay := newStation(t, "relay", dir)
	a.mu.Lock()
	acked := a.acked[tag].Sequence
	a.mu.Unlock()
	for row, err := range a.store.Since(t.Context(), 0, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if uint64(row.Seq) <= acked && relay.heads(row.Document) == nil {
			t.Fatalf("the relay was said to have %s", row.Document)
		}
	}
	relay.serve()
	for range 2 {
		for _, s := range []*station{a, b} {
			s.join(relay.url, staff)
			s.caughtUp(staff)
			s.leave()
		}
	}
	sameDocuments(t, staff, a, relay)
	sameDocuments(t, staff, a, b)
}

func crashRounds() int {
	if testing.Short() {
		return 3
	}
	return 15
}
