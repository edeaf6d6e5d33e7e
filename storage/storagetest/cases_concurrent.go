package storagetest

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

// testCallbacks pipelines appends that build on each other, small ones and
// staged ones and some that must fail, and expects the answers in order, each
// after everything before it is readable.
func testCallbacks(t *testing.T, s Store) {
	id, a := ID('a', 1), NewAuthor(1)
	var order []int
	var wg sync.WaitGroup
	base := 0
	for i := range 60 {
		changes := a.Chain(t, 1+i%3, 100)
		if i%10 == 7 {
			changes = a.Chain(t, 8, 50_000)
		}
		at := base
		conflict := i%6 == 5
		if conflict {
			at = base + 1
		} else {
			base += len(changes)
		}
		length := base
		wg.Add(1)
		s.Submit(appendTo(id, at, changes...), func(_ storage.Seq, err error) {
			defer wg.Done()
			order = append(order, i)
			if conflict != errors.Is(err, storage.ErrConflict) {
				t.Errorf("batch %d: got %v", i, err)
			}
			if info, err := s.Document(id); err != nil || info.Changes < length {
				t.Errorf("batch %d: %d changes are readable (%v), want %d", i, info.Changes, err, length)
			}
		})
	}
	wg.Wait()
	if !slices.IsSorted(order) || len(order) != 60 {
		t.Fatalf("answers came in order %v", order)
	}
}

// testConcurrent has many writers at once and a reader that follows the
// journal: it must never see a gap, nor a row whose changes it can't read.
func testConcurrent(t *testing.T, s Store) {
	const writers, each = 8, 40
	stop := make(chan struct{})
	followed := make(chan storage.Seq)
	go func() { followed <- follow(t, s, stop) }()
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := make(map[storage.Seq]bool)
	for w := range writers {
		wg.Go(func() {
			for seq := range writeAlone(t, s, w, each) {
				mu.Lock()
				if seen[seq] {
					t.Errorf("%d was given twice", seq)
				}
				seen[seq] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	close(stop)
	if last := <-followed; last != writers*each || s.LastSeq() != last || len(seen) != writers*each {
		t.Fatalf("the reader saw up to %d of %d, LastSeq is %d, %d numbers were given", last, writers*each, s.LastSeq(), len(seen))
	}
	for w := range writers {
		if info, err := s.Document(ID('w', uint32(w))); err != nil || info.Changes != each {
			t.Errorf("writer %d: %d changes (%v), want %d", w, info.Changes, err, each)
		}
	}
}

// writeAlone appends to a document of its own, sometimes in stages, and yields
// the sequence numbers.
func writeAlone(t *testing.T, s Store, w, n int) func(func(storage.Seq) bool) {
	return func(yield func(storage.Seq) bool) {
		a, id := NewAuthor(uint64(w)), ID('w', uint32(w))
		var last storage.Seq
		for i := range n {
			size := 100
			if i%20 == 10 {
				size = 300_000
			}
			c, err := a.write(size, nil)
			if err == nil {
				var seq storage.Seq
				seq, err = s.Commit(background, appendTo(id, i, c))
				if err == nil && seq <= last {
					err = errors.New("sequence numbers go down")
				}
				last = seq
			}
			if err != nil {
				t.Errorf("writer %d: %v", w, err)
				return
			}
			if !yield(last) {
				return
			}
		}
	}
}

// follow reads the journal until stop, and then once more to its end.
func follow(t *testing.T, s Store, stop <-chan struct{}) (last storage.Seq) {
	for final := false; ; {
		for row, err := range s.Since(background, last, nil) {
			if err != nil {
				t.Error(err)
				return last
			}
			if row.Seq != last+1 {
				t.Errorf("row %d follows row %d", row.Seq, last)
			}
			last = row.Seq
			if err := readable(s, row); err != nil {
				t.Error(err)
			}
		}
		if final {
			return last
		}
		select {
		case <-stop:
			final = true
		default:
		}
	}
}

func readable(s Store, row storage.Row) error {
	n := 0
	for chunk, err := range s.Changes(background, row.Document, row.First) {
		if err != nil {
			return err
		}
		if _, err := change.Parse(chunk); err != nil {
			return err
		}
		if n++; n == row.Count {
			return nil
		}
	}
	return errors.New("a journal row has fewer changes than it says")
}

func testClosed(t *testing.T, open Open) {
	s := openIn(t, open, t.TempDir())
	keep(t, s, NewModel(), appendTo(ID('a', 1), 0, NewAuthor(1).Write(t, 10)))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Commit(background, appendTo(ID('a', 1), 1, NewAuthor(1).Write(t, 10)))
	wantError(t, err, storage.ErrClosed)
	_, err = s.Document(ID('a', 1))
	wantError(t, err, storage.ErrClosed)
	_, err = s.Get([]byte("k"))
	wantError(t, err, storage.ErrClosed)
	wantError(t, s.Check(background), storage.ErrClosed)
	wantError(t, s.Purge(background, ID('a', 1), nil), storage.ErrClosed)
	wantError(t, s.DeletePrefix(background, nil), storage.ErrClosed)
	_, err = s.Renew(background)
	wantError(t, err, storage.ErrClosed)
	called := false
	s.Submit(&storage.Batch{}, func(_ storage.Seq, err error) {
		called = true
		wantError(t, err, storage.ErrClosed)
	})
	if !called {
		t.Error("Submit on a closed store must answer at once")
	}
	for _, err := range s.Documents(background, nil, docid.ID{}) {
		wantError(t, err, storage.ErrClosed)
	}
}

// testCloseDuring closes a store under its writers and readers. Whoever was
// told of success must be right, all others get ErrClosed.
func testCloseDuring(t *testing.T, open Open) {
	s := openIn(t, open, t.TempDir())
	started := make(chan struct{}, 64)
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			a, id := NewAuthor(uint64(w)), ID('w', uint32(w))
			for i := 0; ; i++ {
				c, err := a.write([]int{100, 400_000}[w%2], nil)
				if err == nil {
					_, err = s.Commit(background, appendTo(id, i, c))
				}
				if errors.Is(err, storage.ErrClosed) {
					return
				}
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
				select {
				case started <- struct{}{}:
				default:
				}
			}
		})
		wg.Go(func() {
			for {
				for _, err := range s.Changes(background, ID('w', uint32(w)), 0) {
					if errors.Is(err, storage.ErrClosed) {
						return
					}
					if err != nil && !errors.Is(err, storage.ErrNotFound) {
						t.Errorf("reader %d: %v", w, err)
						return
					}
				}
			}
		})
	}
	for range 40 {
		<-started
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

func testReopen(t *testing.T, open Open) {
	dir, m := t.TempDir(), NewModel()
	s := open(t, dir)
	life := s.Incarnation()
	fill(t, s, m, 5)
	keep(t, s, m, appendTo(ID('l', 1), 0, NewAuthor(99).Chain(t, 30, 50_000)...))
	keep(t, s, m, &storage.Batch{Puts: []storage.Entry{{Key: []byte("k"), Value: []byte("v")}}})
	for range 3 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
		if s.Incarnation() != life {
			t.Fatalf("incarnation was %s and is %s", life, s.Incarnation())
		}
		Compare(t, s, m)
		keep(t, s, m, appendTo(ID('a', 0), m.Length(ID('a', 0)), NewAuthor(0).Write(t, 20)))
	}
	Compare(t, s, m)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
