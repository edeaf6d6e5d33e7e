package sync_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// hostile returns the messages of testdata/hostile by their causes.
func hostile(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/hostile/*.bin")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	all := map[string][]byte{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".bin")] = data
	}
	return all
}

// intakeOf takes in a message as a relay does, and tells the first reason why
// something of it was refused or held.
func intakeOf(data []byte) (*graph.Intake, error) {
	in := graph.NewIntake(graph.New())
	m, err := sync.Decode(data)
	if err != nil {
		return in, err
	}
	for _, chunk := range m.Changes {
		c, parseErr := change.Parse(chunk)
		if parseErr != nil {
			return in, parseErr
		}
		for _, o := range in.Offer(c) {
			if err == nil && o.Err != nil {
				err = o.Err
			}
		}
	}
	if held, _ := in.Holding(); err == nil && held > 0 {
		err = graph.ErrMissing
	}
	in.Graph().Commit()
	var s sync.State
	s.Receive(in.Graph(), m)
	s.Generate(in, 1<<20)
	return in, err
}

// TestHostileMessages: what kills the reference implementation is refused, or
// is harmless here for the reason given.
func TestHostileMessages(t *testing.T) {
	const prefix = "ReceiveMessage__"
	want := map[string]error{
		"abort__bloom-probes-2pow32-1":  sync.ErrMessage,
		"abort__bloom-zero-bits":        sync.ErrMessage,
		"cost__bloom-probes-2pow28":     sync.ErrMessage,
		"abort__key-actor-oob":          change.ErrInvalid,
		"abort__listinsert-in-root-map": change.ErrInvalid,
		"abort__obj-actor-oob":          change.ErrInvalid,
		"abort__pred-actor-2pow33":      change.ErrInvalid,
		"abort__pred-actor-oob":         change.ErrInvalid,
		"abort__prednum-2pow40-runs":    change.ErrInvalid,
		"abort__startop-u32max-2ops":    change.ErrInvalid,
		"poison__noncanonical-rle-run1": change.ErrInvalid,
		"poison__seq0":                  change.ErrInvalid,
		"poison__two-object-cycle":      change.ErrInvalid,
		// These build on a change that the message doesn't bring, and wait for
		// it within the quota. When it comes, seqs are taken in order, the second
		// of two twins is refused, and a key of the wrong kind for its object is
		// kept: what operations mean is no reason to refuse, and costs nothing.
		"abort__mapkey-in-text":         graph.ErrMissing,
		"abort__seq-gap5":               graph.ErrMissing,
		"abort__seq2-before-seq1":       graph.ErrMissing,
		"hang__rle-run-2pow16-same-key": graph.ErrMissing, // as one run
		"poison__same-seq-via-queue":    graph.ErrMissing,
	}
	for name, data := range hostile(t) {
		t.Run(strings.TrimPrefix(name, prefix), func(t *testing.T) {
			expected, ok := want[strings.TrimPrefix(name, prefix)]
			if !ok {
				t.Fatal("nobody has thought about it")
			}
			if _, err := intakeOf(data); !errors.Is(err, expected) {
				t.Errorf("%v, want %v", err, expected)
			}
		})
	}
}

// TestDecodeLimits: counts beyond a limit are refused before anything is made
// of them.
func TestDecodeLimits(t *testing.T) {
	hashes := make([]change.Hash, sync.MaxHashes+1)
	for i := range hashes {
		hashes[i] = change.Hash{byte(i >> 8), byte(i)}
	}
	for name, m := range map[string]sync.Message{
		"heads":    {Heads: hashes},
		"need":     {Need: hashes},
		"lastSync": {Have: []sync.Have{{LastSync: hashes}}},
		"haves":    {Have: make([]sync.Have, sync.MaxHaves+1)},
	} {
		if _, err := sync.Decode(m.Append(nil)); !errors.Is(err, sync.ErrMessage) {
			t.Errorf("too many %s: %v", name, err)
		}
	}
	most := sync.Message{Heads: hashes[1:], Need: hashes[1:], Have: []sync.Have{{LastSync: hashes[1:], Bloom: sync.NewBloom(10_000_000)}}}
	m, err := sync.Decode(most.Append(nil))
	if err != nil || !slices.Equal(m.Heads, most.Heads) || !slices.Equal(m.Append(nil), most.Append(nil)) {
		t.Errorf("as many as may be: %v", err)
	}
	for _, huge := range []string{
		"\x42\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"\x42\x00\xff\xff\xff\xff\x0f",
		"\x42\x00\x00\xff\xff\xff\xff\x0f",
		"\x42\x00\x00\x01\x00\xff\xff\xff\xff\x0f",
		"\x42\x00\x00\x00\xff\xff\xff\xff\x0f",
		"\x42\x00\x00\x00\x01\xff\xff\xff\xff\x0f",
		"\x42\x00\x00\x00\x00\xff\xff\xff\xff\x0f",
		"\x41\x00\x00\x00\x00",
		"",
	} {
		if _, err := sync.Decode([]byte(huge)); !errors.Is(err, sync.ErrMessage) {
			t.Errorf("%x: %v", huge, err)
		}
	}
}

// TestBloom: a filter holds what was added, and little else.
func TestBloom(t *testing.T) {
	const n = 10_000
	hash := func(i int) change.Hash {
		c, err := (&change.Draft{Actor: change.ActorID(fmt.Sprint(i)), Seq: 1, StartOp: 1}).Encode()
		if err != nil {
			t.Fatal(err)
		}
		return c.Hash
	}
	b := sync.NewBloom(n)
	for i := range n {
		b.Add(hash(i))
	}
	wrong := 0
	for i := range 2 * n {
		switch has := b.Has(hash(i)); {
		case i < n && !has:
			t.Fatalf("hash %d is lost", i)
		case i >= n && has:
			wrong++
		}
	}
	if wrong > n/50 {
		t.Errorf("%d of %d are claimed wrongly", wrong, n)
	}
	if sync.NewBloom(0).Has(hash(0)) || len(sync.NewBloom(0).Append(nil)) > 0 {
		t.Errorf("an empty filter holds something")
	}
}
