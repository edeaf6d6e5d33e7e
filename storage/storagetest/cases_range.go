package storagetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/godwit-sync/godwit/storage"
)

// keysOf is a naive Range over a model.
func (m *Model) keysOf(r storage.Range) []string {
	keys := slices.Sorted(maps.Keys(m.Entries))
	keys = slices.DeleteFunc(keys, func(k string) bool {
		return !strings.HasPrefix(k, string(r.Prefix)) ||
			r.From != nil && k < string(r.From) || r.To != nil && k >= string(r.To)
	})
	if r.Reverse {
		slices.Reverse(keys)
	}
	return keys
}

// testRange reads stretches of all kinds and lengths, forward and backward.
func testRange(t *testing.T, s Store) {
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, 0))
	alphabet := []byte{0, 1, 'a', 'b', 0xfe, 0xff}
	key := func(n int) []byte {
		k := make([]byte, n)
		for i := range k {
			k[i] = alphabet[rng.IntN(len(alphabet))]
		}
		return k
	}
	m := NewModel()
	for range 4 {
		b := new(storage.Batch)
		for i := range 400 {
			b.Puts = append(b.Puts, storage.Entry{Key: key(1 + rng.IntN(6)), Value: fmt.Append(nil, i)})
		}
		b.Puts = unique(b.Puts)
		keep(t, s, m, b)
	}
	ranges := []storage.Range{{}, {Reverse: true}, {From: []byte{}, To: []byte{}}, {To: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}}
	for range 500 {
		r := storage.Range{Prefix: key(rng.IntN(3)), Reverse: rng.IntN(2) == 0}
		if rng.IntN(3) > 0 {
			r.From = append(slices.Clone(r.Prefix), key(rng.IntN(3))...)
		}
		if rng.IntN(3) > 0 {
			r.To = append(slices.Clone(r.Prefix), key(rng.IntN(3))...)
		}
		ranges = append(ranges, r)
	}
	for _, r := range ranges {
		compareRange(t, s, m, r)
	}
}

// unique keeps the last entry of each key.
func unique(entries []storage.Entry) []storage.Entry {
	byKey := map[string]storage.Entry{}
	for _, e := range entries {
		byKey[string(e.Key)] = e
	}
	return slices.Collect(maps.Values(byKey))
}

func compareRange(tb TB, s Reader, m *Model, r storage.Range) {
	tb.Helper()
	want := m.keysOf(r)
	got := Collect(tb, s.Range(background, r))
	if len(got) != len(want) {
		tb.Fatalf("%+v: %d entries, want %d", r, len(got), len(want))
	}
	for i, k := range want {
		if string(got[i].Key) != k || string(got[i].Value) != m.Entries[k] {
			tb.Fatalf("%+v: entry %d is %q: %q, want %q: %q", r, i, got[i].Key, got[i].Value, k, m.Entries[k])
		}
	}
}

// testRangeOfOneMoment has entries come, change and go while they are read: what is
// seen is what there was when the reading began.
func testRangeOfOneMoment(t *testing.T, s Store) {
	m := NewModel()
	b := new(storage.Batch)
	for i := range 2000 {
		b.Puts = append(b.Puts, storage.Entry{Key: fmt.Appendf(nil, "e%04d", i), Value: []byte("before")})
	}
	keep(t, s, m, b)
	for _, r := range []storage.Range{{Prefix: []byte("e")}, {Prefix: []byte("e"), Reverse: true}} {
		keys := m.keysOf(r)
		last, n := keys[len(keys)-1], 0
		for e, err := range s.Range(background, r) {
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				keep(t, s, m, &storage.Batch{
					Deletes: [][]byte{[]byte(last)},
					Puts: []storage.Entry{
						{Key: []byte("e0999+"), Value: []byte("new")},
						{Key: []byte("e1000"), Value: []byte("after")},
					},
				})
			}
			if string(e.Key) != keys[n] {
				t.Fatalf("entry %d is %s, want %s", n, e.Key, keys[n])
			}
			if n++; string(e.Key) == "e1000" && !r.Reverse && string(e.Value) != "before" {
				t.Fatalf("e1000 was %q", e.Value)
			}
		}
		if n != len(keys) {
			t.Fatalf("there were %d entries, want %d", n, len(keys))
		}
	}
	Compare(t, s, m)
}

// testRead lends values, the largest too.
func testRead(t *testing.T, s Store) {
	m := NewModel()
	large := make([]byte, storage.MaxValue)
	large[0], large[len(large)-1] = 1, 2
	keep(t, s, m, &storage.Batch{Puts: []storage.Entry{{Key: []byte("large"), Value: large}, {Key: []byte("small"), Value: []byte("v")}}})
	for key, want := range m.Entries {
		err := s.Read([]byte(key), func(value []byte) error {
			if string(value) != want {
				t.Errorf("%s: read %d bytes, want %d", key, len(value), len(want))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	own := errors.New("the caller's own")
	wantError(t, s.Read([]byte("small"), func([]byte) error { return own }), own)
	wantError(t, s.Read([]byte("nothing"), func([]byte) error { return own }), storage.ErrNotFound)
	Compare(t, s, m)
}

// testReadWhatIsWritten has writers read what they have written, at once, while
// others read and write all the time.
func testReadWhatIsWritten(t *testing.T, s Store) {
	const writers, each = 8, 100
	var reading, writing sync.WaitGroup
	var done atomic.Bool
	for r := range 2 {
		reading.Go(func() {
			for !done.Load() {
				if _, err := s.Get(fmt.Append(nil, r)); err != nil && !errors.Is(err, storage.ErrNotFound) {
					t.Error(err)
					return
				}
			}
		})
	}
	for w := range writers {
		writing.Go(func() {
			key := fmt.Append(nil, w)
			for i := range uint64(each) {
				value := binary.BigEndian.AppendUint64(nil, i)
				seen := make(chan error, 1)
				s.Submit(&storage.Batch{Puts: []storage.Entry{{Key: key, Value: value}}}, func(_ storage.Seq, err error) {
					if got, failed := s.Get(key); err == nil && (failed != nil || string(got) != string(value)) {
						err = fmt.Errorf("read %x after %d was written: %w", got, i, failed)
					}
					seen <- err
				})
				if err := <-seen; err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
	done.Store(true)
	reading.Wait()
}

// testSinceBesideWriters has a reader follow the journal while it grows.
func testSinceBesideWriters(t *testing.T, s Store) {
	const rows = 3000
	go func() {
		for i := range rows / 3 {
			b := new(storage.Batch)
			for j := range 3 {
				b.Appends = append(b.Appends, storage.Append{
					Document: ID('f', uint32(3*i+j)), Changes: NewAuthor(uint64(3*i+j)).Chain(t, 1, 10),
				})
			}
			s.Submit(b, func(_ storage.Seq, err error) {
				if err != nil {
					t.Error(err)
				}
			})
		}
	}()
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	for seen := storage.Seq(0); seen < rows; {
		for row, err := range s.Since(ctx, seen, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if row.Seq != seen+1 || row.Batch != row.Seq-(row.Seq-1)%3 {
				t.Fatalf("row %d of batch %d follows %d", row.Seq, row.Batch, seen)
			}
			seen = row.Seq
		}
	}
}
