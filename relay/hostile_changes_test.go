package relay_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/internal/wire"
)

const hostile = "../crdt/change/testdata/hostile/"

// kept is how many changes of a hostile input a relay keeps, because they break
// no structural rule: what they say is nothing to a relay.
var kept = map[string]int{
	"LoadIncremental__abort__mapkey-in-list":        1,
	"ReceiveMessage__abort__mapkey-in-text":         1,
	"ReceiveMessage__abort__seq2-before-seq1":       2, // in order
	"ReceiveMessage__hang__rle-run-2pow16-same-key": 1,
	"ReceiveMessage__poison__same-seq-via-queue":    1, // the first of the two
}

// TestHostileInputs sends what kills, hangs or poisons automerge-go's C core,
// each about a document of its own that holds the one change that most of them
// build upon.
func TestHostileInputs(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	files, err := filepath.Glob(hostile + "*.bin")
	if err != nil || len(files) == 0 {
		t.Fatalf("no hostile inputs: %v", err)
	}
	base := honestBase(t)
	changes := map[string]func() int{} // that are stored
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".bin")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, doc := w.join("mallory"), docid.New()
			p.offer(doc, nil, base)
			if strings.HasPrefix(name, "ReceiveMessage") {
				p.sync(doc, data)
			} else {
				p.offer(doc, nil, data)
			}
			p.send(wire.Leave{SenderID: "mallory"})
			p.ended()
			w.log.await(t, "a peer has gone", p.local)
			c.work()
			changes[name] = func() int {
				info, err := w.store.Document(doc)
				if err != nil {
					t.Fatal(err)
				}
				return info.Changes
			}
			w.eventually(fmt.Sprint(kept[name], " changes of ", name, " are kept"), func() bool {
				return changes[name]() == 1+kept[name]
			})
		})
	}
	c.stored()
	for name, stored := range changes { // nothing came later
		if got := stored() - 1; got != kept[name] {
			t.Errorf("%s: %d changes kept, want %d", name, got, kept[name])
		}
	}
}

// honestBase returns the chunk that the hostile inputs were made from.
func honestBase(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(hostile + "Load__abort__listinsert-in-root-map.bin")
	if err != nil {
		t.Fatal(err)
	}
	chunk, _, _, err := change.Split(data)
	if err != nil {
		t.Fatal(err)
	}
	return chunk
}

// TestTwins: the second change of one actor and seq is refused. Its author is
// told nothing but the relay's heads, and falls silent.
func TestTwins(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	p := w.join("mallory")
	twin := replicatest.NewClient("mallory").Draft("alice", 1)
	p.offer(c.doc, []change.Hash{twin.Hash}, twin.Bytes())
	w.log.await(t, "refused a change", "change="+twin.Hash.String(), "reason=twin", "peer=mallory")
	if got := w.metric(`godwit_changes_refused_total{reason="twin"}`); got != 1 {
		t.Errorf("%v twins refused, want 1", got)
	}
	c.work()
	c.stored()
}

// TestRefusalsDontFillTheLog: whoever sends one refused change after the other
// gets into the log a few times, and into the metric every time.
func TestRefusalsDontFillTheLog(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	p := w.join("mallory")
	const many = 500
	var chunks [][]byte
	for i := range many {
		chunks = append(chunks, replicatest.NewClient(fmt.Sprint(i)).Draft("alice", 1).Bytes())
	}
	p.offer(c.doc, nil, chunks...)
	w.eventually("all are refused", func() bool {
		return w.metric(`godwit_changes_refused_total{reason="twin"}`) == many
	})
	if lines := strings.Count(w.log.String(), "refused a change"); lines == 0 || lines > 10 {
		t.Errorf("%d lines in the log, want 1 to 10", lines)
	}
	c.work()
	c.stored()
}

// TestMissingDepsWithoutEnd: changes whose deps never come wait, as many as
// have room, and hold nobody up.
func TestMissingDepsWithoutEnd(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	p := w.join("mallory")
	author := replicatest.NewClient("mallory")
	for message := range 24 {
		var chunks [][]byte
		for i := range 500 {
			nothing := change.Hash{byte(message), byte(i), byte(i >> 8), 1}
			chunks = append(chunks, author.Draft(fmt.Sprintf("m%d.%d", message, i), 1, nothing).Bytes())
		}
		p.offer(c.doc, nil, chunks...)
	}
	w.eventually("the relay has read all of it", func() bool {
		return w.metric(`godwit_received_messages_total{type="sync"}`) >= 24
	})
	c.work()
	c.stored()
	if used := w.metric("godwit_documents_memory_bytes"); used > 32<<20 {
		t.Errorf("the documents take %v bytes", used)
	}
}
