package opset_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// corpus returns what aborts, hangs or poisons the C core of automerge-go (see
// crdt/change/testdata/hostile/README.md): sync messages and concatenated
// chunks, by their names.
func corpus(t *testing.T) map[string][]byte {
	t.Helper()
	files, _ := filepath.Glob("../../change/testdata/hostile/*.bin")
	if len(files) == 0 {
		t.Fatal("no corpus")
	}
	all := map[string][]byte{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".bin")] = b
	}
	return all
}

// endure takes what can be taken of an input, and returns how many operations
// that was.
func endure(name string, b []byte) (ops int) {
	s := opset.New(me)
	for _, chunk := range chunksOf(name, b) {
		if d, err := document.Parse(chunk); err == nil {
			if s, err := opset.Load(me, d); err == nil && s.Verify() == nil {
				ops += d.NumOps
				digest(s)
			}
		}
		c, err := change.Parse(chunk)
		if err == nil && s.Apply(c) == nil {
			ops += int(c.Ops)
		}
	}
	digest(s)
	if saved, err := s.Save(); err == nil {
		if d, err := document.Parse(saved); err == nil {
			_, _ = opset.Load(me, d)
		}
	}
	return ops
}

func chunksOf(name string, b []byte) [][]byte {
	if strings.HasPrefix(name, "ReceiveMessage") {
		m, err := sync.Decode(b)
		if err != nil {
			return nil
		}
		return m.Changes
	}
	var chunks [][]byte
	for len(b) > 0 {
		chunk, _, rest, err := change.Split(b)
		if err != nil {
			return chunks
		}
		chunks, b = append(chunks, chunk), rest
	}
	return chunks
}

// The corpus costs no more than its bytes, and the operations that are taken of
// it: in memory,
func TestCorpusMemory(t *testing.T) {
	for name, b := range corpus(t) {
		ops := 0
		if n := bytesFor(func() { ops = endure(name, b) }); n > uint64(256<<10+400*(len(b)+ops)) {
			t.Errorf("%s: %d bytes for %d bytes and %d operations", name, n, len(b), ops)
		}
	}
}

// and in work.
func TestCorpusWork(t *testing.T) {
	counting(t)
	size := 0
	for name, b := range corpus(t) {
		size += len(b) + endure(name, b)
	}
	for line, n := range executions(t, theCorpus) {
		if n > perOp*size {
			t.Errorf("%s runs %d times for %d bytes and operations", line, n, size)
		}
	}
}
