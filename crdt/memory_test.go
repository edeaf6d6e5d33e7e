package crdt_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
)

// TestClosedDocumentsGiveTheirMemoryBack opens and closes documents that would
// take 800 MB together: what automerge-go holds is no part of Go's heap, so that
// nothing but the documents themselves makes Go collect.
func TestClosedDocumentsGiveTheirMemoryBack(t *testing.T) {
	needsReference(t)
	big := open(t, "ada", crdt.Reference(), func(root crdt.Map) error { return root.Set("t", strings.Repeat("text ", 6000)) })
	saved, err := big.Save()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := anonymous(t); !ok {
		t.Skip("only Linux tells how much memory is in use")
	}
	before, _ := anonymous(t)
	var most int64
	for range 60 {
		d, err := crdt.Load(actor("bob"), saved, crdt.Reference())
		if err != nil {
			t.Fatal(err)
		}
		now, _ := anonymous(t)
		most = max(most, now-before)
		d.Close()
	}
	if limit := 30 * big.Footprint(); most > limit {
		t.Errorf("%d bytes in use, the documents one by one have %d", most, big.Footprint())
	}
}

// anonymous returns the process's anonymous memory.
func anonymous(tb testing.TB) (int64, bool) {
	tb.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, false
	}
	_, after, ok := strings.Cut(string(status), "RssAnon:")
	if !ok {
		return 0, false
	}
	kb, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	return kb << 10, err == nil
}
