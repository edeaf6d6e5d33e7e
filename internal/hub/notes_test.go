package hub_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/internal/wire"
)

// TestNotesOfManyRefusals: a relay may refuse thousands of documents at once, for
// reasons as long as a message carries them. That is noted all the same.
func TestNotesOfManyRefusals(t *testing.T) {
	const many = 5000
	peer := newStation(t, "peer", "")
	reason := bytes.Repeat([]byte("x"), wire.MaxName)
	for n := range many {
		peer.hub.Jot(fmt.Appendf(nil, "sync1/aside/%032d", n), reason)
	}
	peer.hub.Close() // when all are written
	noted := 0
	for entry, err := range peer.store.Scan(context.Background(), []byte("sync1/aside/")) {
		if err != nil || !bytes.Equal(entry.Value, reason) {
			t.Fatalf("%q: %d bytes, %v", entry.Key, len(entry.Value), err)
		}
		noted++
	}
	if noted != many || peer.seen.of(&peer.seen.failed, "note") > 0 {
		t.Errorf("%d of %d are noted", noted, many)
	}
}
