package change_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
)

// golden is a change as JavaScript recorded it (testdata/record.mjs).
type golden struct {
	Scenario string
	Hash     string
	Deps     []string
	Actor    string
	Seq      uint64
	StartOp  uint64
	Time     int64
	Message  string
	Ops      uint64
	Chunk    []byte
	Decoded  []goldenOp
	// Bare is set if JavaScript could tell the hash, but not the fields.
	Bare bool `json:"-"`
}

// goldenFiles are the recordings, one for each version of Automerge.
func goldenFiles(t testing.TB) []string {
	files, err := filepath.Glob("testdata/golden-*.json.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	return files
}

func readGolden(t testing.TB, file string) []golden {
	t.Helper()
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var scenarios map[string][]golden
	if err := json.NewDecoder(r).Decode(&scenarios); err != nil {
		t.Fatal(err)
	}
	var all []golden
	for name, changes := range scenarios {
		for _, g := range changes {
			g.Scenario, g.Bare = name, g.Actor == ""
			all = append(all, g)
		}
	}
	return all
}

// eachGolden calls f for every recorded change of every version.
func eachGolden(t *testing.T, f func(*testing.T, golden)) {
	for _, file := range goldenFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			for _, g := range readGolden(t, file) {
				t.Run(g.Scenario+"/"+g.Hash[:8], func(t *testing.T) { f(t, g) })
			}
		})
	}
}

func TestParseAcceptsWhatAutomergeWrites(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		c, err := change.Parse(g.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Hash.String(); got != g.Hash {
			t.Errorf("hash %s, want %s", got, g.Hash)
		}
		if c.NewerFormat {
			t.Error("taken for a newer format")
		}
		if !g.Bare {
			compareHeader(t, c, g)
		}
	})
}

func compareHeader(t *testing.T, c *change.Change, g golden) {
	t.Helper()
	if got := hex.EncodeToString([]byte(c.Actor)); got != g.Actor {
		t.Errorf("actor %s, want %s", got, g.Actor)
	}
	if c.Seq != g.Seq || c.StartOp != g.StartOp || c.Ops != g.Ops {
		t.Errorf("seq %d start %d ops %d, want %d %d %d", c.Seq, c.StartOp, c.Ops, g.Seq, g.StartOp, g.Ops)
	}
	if c.Time != g.Time || c.Message != g.Message {
		t.Errorf("time %d message %q, want %d %q", c.Time, c.Message, g.Time, g.Message)
	}
	if len(c.Deps) != len(g.Deps) {
		t.Fatalf("%d deps, want %d", len(c.Deps), len(g.Deps))
	}
	for i, dep := range c.Deps {
		if dep.String() != g.Deps[i] {
			t.Errorf("dep %d is %s, want %s", i, dep, g.Deps[i])
		}
	}
}

func TestReadHeaderAgreesWithParse(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		want, err := change.Parse(g.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		got, err := change.ReadHeader(g.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		if got.Hash != want.Hash || got.Ops != want.Ops || got.Actor != want.Actor || got.NewerFormat != want.NewerFormat {
			t.Errorf("read %+v, parsed %+v", got, want)
		}
	})
}

func TestSplitFindsEveryChangeOfATrace(t *testing.T) {
	rest, err := os.ReadFile("testdata/trace-300.bin")
	if err != nil {
		t.Fatal(err)
	}
	var last change.Hash
	var count int
	for len(rest) > 0 {
		chunk, kind, after, err := change.Split(rest)
		if err != nil || kind != change.TypeChange {
			t.Fatalf("after %d: type %d: %v", count, kind, err)
		}
		c, err := change.Parse(chunk)
		if err != nil {
			t.Fatal(err)
		}
		if count > 0 && (len(c.Deps) != 1 || c.Deps[0] != last) {
			t.Fatalf("change %d depends on %v, want %s", count, c.Deps, last)
		}
		last, rest = c.Hash, after
		count++
	}
	if count != 301 {
		t.Errorf("%d changes, want 301", count)
	}
}
