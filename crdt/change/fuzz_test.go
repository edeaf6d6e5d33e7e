package change_test

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
)

func FuzzParse(f *testing.F) {
	for _, g := range readGolden(f, "testdata/golden-3.5.0.json.gz") {
		if len(g.Chunk) < 1000 {
			f.Add(g.Chunk)
		}
	}
	for _, file := range hostileFiles(f) {
		for _, chunk := range hostileChunks(f, file) {
			f.Add(chunk)
		}
	}
	f.Fuzz(func(t *testing.T, chunk []byte) {
		if err := checkAccepted(t, chunk); err != nil && !errors.Is(err, change.ErrInvalid) {
			t.Fatalf("an error without a rule: %v", err)
		}
		// Few mutations keep the checksum right: repair it.
		if len(chunk) > 10 {
			_ = checkAccepted(t, change.Seal(chunk[10:]))
		}
	})
}

func FuzzSplit(f *testing.F) {
	for _, file := range hostileFiles(f) {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var joined []byte
		rest := b
		for len(rest) > 0 {
			chunk, _, after, err := change.Split(rest)
			if err != nil {
				if !errors.Is(err, change.ErrSplit) {
					t.Fatal(err)
				}
				break
			}
			if len(chunk) == 0 {
				t.Fatal("an empty chunk")
			}
			joined, rest = append(joined, chunk...), after
		}
		if !bytes.Equal(append(joined, rest...), b) {
			t.Fatal("bytes were lost")
		}
	})
}
