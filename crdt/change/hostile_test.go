package change_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
)

// acceptable are the hostile inputs whose changes break no rule that their own
// bytes could show, and who refuses them.
var acceptable = map[string]string{
	"LoadIncremental__abort__seq-gap5":              "the graph: it isn't its actor's next",
	"ReceiveMessage__abort__seq-gap5":               "the graph: it isn't its actor's next",
	"ReceiveMessage__abort__seq2-before-seq1":       "the graph: it isn't its actor's next",
	"ReceiveMessage__poison__same-seq-via-queue":    "the graph: the second of one actor and seq",
	"LoadIncremental__abort__mapkey-in-list":        "nobody: what kind of object it is takes an engine; kept, and ignored there",
	"ReceiveMessage__abort__mapkey-in-text":         "nobody: what kind of object it is takes an engine; kept, and ignored there",
	"ReceiveMessage__hang__rle-run-2pow16-same-key": "nobody: a long run costs no more than a short one here",
	"ReceiveMessage__abort__bloom-probes-2pow32-1":  "the sync protocol: it holds no change",
	"ReceiveMessage__abort__bloom-zero-bits":        "the sync protocol: it holds no change",
	"ReceiveMessage__cost__bloom-probes-2pow28":     "the sync protocol: it holds no change",
}

func hostileFiles(t testing.TB) []string {
	files, err := filepath.Glob("testdata/hostile/*.bin")
	if err != nil || len(files) == 0 {
		t.Fatalf("no hostile inputs: %v", err)
	}
	return files
}

// TestParseRefusesHostileChanges drives inputs that abort, hang or poison the
// C core of automerge-go (see testdata/hostile/README.md).
func TestParseRefusesHostileChanges(t *testing.T) {
	for _, file := range hostileFiles(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".bin")
		t.Run(name, func(t *testing.T) {
			var refused int
			for _, chunk := range hostileChunks(t, file) {
				_, err := change.Parse(chunk)
				var invalid *change.InvalidError
				switch {
				case errors.As(err, &invalid):
					t.Logf("%s: %s", invalid.Rule, invalid.Detail)
					refused++
				case err != nil:
					t.Errorf("an error without a rule: %v", err)
				}
			}
			if reason, ok := acceptable[name]; ok == (refused > 0) {
				t.Errorf("%d refused; refused elsewhere by %q", refused, reason)
			}
		})
	}
}

// hostileChunks returns the chunks of an input: of the sync message or the
// concatenation that it is.
func hostileChunks(t testing.TB, file string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(filepath.Base(file), "ReceiveMessage") {
		return messageChunks(b)
	}
	var chunks [][]byte
	for len(b) > 0 {
		chunk, _, rest, err := change.Split(b)
		if err != nil {
			t.Fatal(err)
		}
		chunks, b = append(chunks, chunk), rest
	}
	return chunks
}

// messageChunks takes the changes out of a sync message of version 1: a type,
// heads, need, what the sender has, and the changes.
func messageChunks(b []byte) [][]byte {
	take := func(n uint64) []byte {
		n = min(n, uint64(len(b)))
		taken := b[:n]
		b = b[n:]
		return taken
	}
	number := func() uint64 {
		v, n := binary.Uvarint(b)
		take(uint64(max(n, 0)))
		return v
	}
	take(1)
	take(number() * change.HashSize)
	take(number() * change.HashSize)
	for range number() {
		take(number() * change.HashSize)
		take(number())
	}
	var chunks [][]byte
	for range number() {
		chunks = append(chunks, take(number()))
	}
	return chunks
}
