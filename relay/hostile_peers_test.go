package relay_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

// TestPeerThatNeverReads: others go on, and it is disconnected.
func TestPeerThatNeverReads(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	w.relay.Impatient(50 * time.Millisecond)
	p := w.join("mallory")
	p.open(c.doc) // and answers neither this nor pings
	for range 100 {
		c.work()
	}
	w.log.await(t, "a peer has gone", "reason=silent", p.local)
	c.work()
	c.stored()
}

// TestPeerThatOpensEverything is ended at the limit.
func TestPeerThatOpensEverything(t *testing.T) {
	const limit = 100
	w := begin(t, func(c *relay.Config) { c.SessionDocuments = limit })
	c := w.couple()
	p := w.join("mallory")
	for range limit + 1 {
		p.sync(docid.New(), []byte{0x42, 0, 0, 0, 0})
	}
	if told := p.ended(); !strings.Contains(told, "too many documents") {
		t.Errorf("it was told %q", told)
	}
	w.log.await(t, "a peer has gone", "reason=documents", p.local)
	w.eventually("only the couple's document is open", func() bool { return w.metric("godwit_documents_open") == 1 })
	c.work()
	c.stored()
}

// TestEphemeralFlood: what a peer says faster than another hears it is dropped,
// the oldest first, and counted; sync goes on.
func TestEphemeralFlood(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	p := w.join("mallory")
	p.open(c.doc)
	say := wire.Ephemeral{SenderID: "mallory", Document: c.doc, SessionID: "s", Data: make([]byte, 60<<10)}
	const many = 500
	for say.Count = 1; say.Count <= many; say.Count++ {
		p.send(say)
	}
	p.await(c.doc, c.alice.edit(c.doc)) // all was read by now
	c.bob.await(c.doc, c.alice.edit(c.doc))
	c.work()
	c.stored()

	say.Data = make([]byte, 65<<10)
	p.send(say)
	say.Document = docid.New()
	say.Count++
	p.send(say)
	for _, reason := range []string{"too_large", "not_open"} {
		w.eventually(reason+" is counted", func() bool {
			return w.metric(fmt.Sprintf("godwit_ephemeral_dropped_total{reason=%q}", reason)) == 1
		})
	}
}

// TestEphemeralReachesTheOthersOnce, under the name of who said it; what a
// client echoes goes nowhere.
func TestEphemeralReachesTheOthersOnce(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	say := wire.Ephemeral{SenderID: "alice", Document: c.doc, SessionID: "s", Count: 1, Data: []byte{0xf6}}
	c.alice.send(say)
	c.alice.send(say)
	c.bob.await(c.doc, c.alice.edit(c.doc))
	for _, echo := range c.bob.whispers() {
		c.bob.send(echo)
	}
	c.alice.await(c.doc, c.bob.edit(c.doc))
	if got := c.bob.whispers(); len(got) != 1 || got[0].SenderID != "alice" {
		t.Errorf("bob heard %v", got)
	}
	if got := c.alice.whispers(); len(got) != 0 {
		t.Errorf("alice heard %v", got)
	}
}

func (p *peer) whispers() (all []wire.Ephemeral) {
	for _, m := range p.heard {
		if e, ok := m.(wire.Ephemeral); ok {
			all = append(all, e)
		}
	}
	return all
}

// TestComingBackBeforeTheLossIsNoticed: the newer connection of a peer id
// stays.
func TestComingBackBeforeTheLossIsNoticed(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	first := c.alice
	again := w.join("alice")
	if told := first.ended(); told == "" {
		t.Error("the older connection wasn't told why")
	}
	w.log.await(t, "a peer has gone", "reason=replaced", first.local)
	again.docs[c.doc] = first.docs[c.doc]
	again.docs[c.doc].Reconnect()
	again.speak(c.doc)
	c.alice = again
	c.work()
	c.stored()
}

// TestFullDisk: who brings changes is sent away for later; who only reads gets
// what there is; health says why.
func TestFullDisk(t *testing.T) {
	dir, doc := t.TempDir(), docid.New()
	var kept *change.Change
	t.Run("before", func(t *testing.T) {
		w := beginOver(t, openStore(t, dir, storage.Options{Small: true}), nil)
		p := w.join("alice")
		p.open(doc)
		kept = p.edit(doc)
	})
	w := beginOver(t, openStore(t, dir, storage.Options{Small: true, Reserve: 1 << 60}), nil)
	reader := w.join("bob")
	reader.open(doc)
	reader.await(doc, kept)

	writer := w.join("carol")
	writer.open(doc)
	writer.await(doc, kept)
	writer.docs[doc].Edit()
	writer.speak(doc)
	if told := writer.ended(); !strings.Contains(told, "store") {
		t.Errorf("the writer was told %q", told)
	}
	w.log.await(t, "a peer has gone", "reason=store", writer.local)
	if got := w.metric(`godwit_document_failures_total{operation="document"}`); got != 1 {
		t.Errorf("%v failures counted, want 1", got)
	}

	late := w.join("dave")
	late.open(doc)
	late.await(doc, kept)
	if status, body := w.get("/healthz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "disk_full") {
		t.Errorf("health: %d %q", status, body)
	}
	if info, err := w.store.Document(doc); err != nil || info.Changes != 1 {
		t.Errorf("the store has %+v, %v", info, err)
	}
}
