package hub_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/godwit-sync/godwit/crdt/change"
	crdtsync "github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/internal/wire"
)

// bring sends changes in a message of their own, as blobs.
func (p *peer) bring(blobs ...[]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doc(id(1)) // for the answer
	message := crdtsync.Message{Heads: []change.Hash{{1}}, Changes: blobs}
	p.send(wire.Sync{SenderID: p.name, TargetID: "relay", Document: id(1), Data: message.Append(nil)})
}

// chunksOf returns the chunks of a document with so many changes.
func chunksOf(changes int) (chunks [][]byte) {
	c := replicatest.NewClient("author")
	for range changes {
		c.Edit()
	}
	for _, made := range c.Changes() {
		chunks = append(chunks, made.Bytes())
	}
	return chunks
}

func deflated(t *testing.T, chunk []byte) []byte {
	t.Helper()
	length, n := binary.Uvarint(chunk[9:])
	body := chunk[9+n:]
	if len(body) != int(length) {
		t.Fatal("not a chunk")
	}
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestCompression)
	_, _ = w.Write(body)
	_ = w.Close()
	out := append(bytes.Clone(chunk[:8]), change.TypeCompressed)
	return append(binary.AppendUvarint(out, uint64(packed.Len())), packed.Bytes()...)
}

func TestLongMessages(t *testing.T) {
	const changes = 2*hub.ParseChanges + 100
	chunks := chunksOf(changes)
	var packed [][]byte
	for _, chunk := range chunks[:50] {
		packed = append(packed, deflated(t, chunk))
	}
	for name, blobs := range map[string][][]byte{
		"one by one": chunks,
		"one blob":   {slices.Concat(chunks...)},
		"two blobs":  {slices.Concat(chunks[:10]...), slices.Concat(chunks[10:]...)},
		"deflated":   append(packed, chunks[50:]...),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t, hub.Config{})
				p := n.peer("alice").connect()
				p.bring(blobs...)
				synctest.Wait()
				if got := n.seen.appended.Load(); got != changes {
					t.Errorf("%d of %d changes were appended", got, changes)
				}
				bob := n.peer("bob").connect().find(id(1))
				synctest.Wait()
				n.checkSame(id(1), bob)
			})
		})
	}
}

// TestGarbageBetweenChanges: what came before is taken, and the session ends.
func TestGarbageBetweenChanges(t *testing.T) {
	chunks := chunksOf(hub.ParseChanges + 10)
	wrongSum := bytes.Clone(chunks[len(chunks)-1])
	wrongSum[5]++
	for name, garbage := range map[string][]byte{
		"no chunk":       []byte("garbage"),
		"empty":          {},
		"checksum":       wrongSum,
		"document chunk": append(bytes.Clone(chunks[0][:8]), 0, 0),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t, hub.Config{})
				p := n.peer("alice").connect()
				p.bring(append(slices.Clone(chunks), garbage)...)
				synctest.Wait()
				n.checkEnded("chunk")
				if got := n.seen.appended.Load(); got != int64(len(chunks)) {
					t.Errorf("%d of %d changes were appended", got, len(chunks))
				}
			})
		})
	}
}

// TestLeavingInTheMiddle: a session ends while its changes are being appended.
func TestLeavingInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		bob := n.peer("bob").connect().find(id(1))
		release := n.store.hold()
		p := n.peer("alice").connect()
		p.bring(chunksOf(4 * hub.ParseChanges)...)
		synctest.Wait()
		p.disconnect()
		synctest.Wait()
		release()
		synctest.Wait()
		n.checkSame(id(1), bob)
		if got := n.hub.Stats().Sessions; got != 1 {
			t.Errorf("%d sessions", got)
		}
	})
}

// TestUnderWay: a peer whose changes aren't durable yet can't bring any number.
func TestUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		p := n.peer("alice").connect()
		release := n.store.hold()
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for _, chunk := range chunksOf(200) {
				p.bring(chunk)
			}
		}()
		synctest.Wait()
		if got := n.seen.received.Load(); got > 70 {
			t.Errorf("%d messages were taken while none was dealt with", got)
		}
		release()
		<-sent
		synctest.Wait()
		if got := n.seen.appended.Load(); got != 200 {
			t.Errorf("%d changes were appended", got)
		}
	})
}

// TestHeavyChanges: nor can it bring a few whose length doesn't tell what they
// take in memory.
func TestHeavyChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		heavy := heavyChange(t)
		if size, length := heavy.Footprint(), len(heavy.Bytes()); size < 1<<20 || size < 8*length {
			t.Fatalf("a chunk of %d bytes takes %d", length, size)
		}
		p := n.peer("alice").connect()
		release := n.store.hold()
		p.bring(chunksOf(1)...)
		synctest.Wait()
		const many = 20
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for range many {
				p.bring(heavy.Bytes())
			}
		}()
		synctest.Wait()
		if got := n.seen.received.Load(); got > 8 {
			t.Errorf("%d messages were taken while none was dealt with", got)
		}
		release()
		<-sent
		synctest.Wait()
		if got := n.seen.received.Load(); got < many {
			t.Errorf("%d messages were taken", got)
		}
		n.checkEnded()
	})
}

// heavyChange returns a change that overwrites ids between which there is no
// regularity, so that each is remembered by itself.
func heavyChange(t *testing.T) *change.Change {
	t.Helper()
	draft := change.Draft{Actor: "heavy", Seq: 1, StartOp: 1 << 30}
	counter := uint64(1)
	for i := range uint64(80_000) {
		counter += 1 + i%3
		draft.Ops = append(draft.Ops, change.Op{
			Key: change.MapKey("k"), Action: change.ActionDelete, Pred: []change.OpID{{Counter: counter, Actor: "heavy"}},
		})
	}
	made, err := draft.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestMemoryOfWhatWasSaid: heads and filters are remembered, within bounds.
func TestMemoryOfWhatWasSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		conn := n.open()
		go drain(conn)
		message := crdtsync.Message{Have: []crdtsync.Have{{Bloom: crdtsync.NewBloom(3_000_000)}}}
		data := message.Append(nil) // 3.75 MB
		_ = conn.WriteFrame(wire.Append(nil, wire.Join{SenderID: "alice"}))
		say := func(document int) {
			_ = conn.WriteFrame(wire.Append(nil, wire.Sync{SenderID: "alice", Document: id(document), Data: data}))
		}
		for i := range 20 {
			say(i % 4) // what was said before is forgotten
		}
		synctest.Wait()
		n.checkEnded()
		for i := range 2 {
			say(10 + i)
		}
		synctest.Wait()
		n.checkEnded("memory")
	})
}
