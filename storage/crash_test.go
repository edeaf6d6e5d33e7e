package storage_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
	"github.com/godwit-sync/godwit/storage/storagetest"
)

// The crash test runs this test binary again, as a child that writes until it
// is killed. These variables make it that child.
const (
	crashDir   = "GODWIT_STORAGE_CRASH_DIR"
	crashSmall = "GODWIT_STORAGE_CRASH_SMALL"

	crashWriters = 6
	crashPurgers = 2

	// crashRows stands, in what is acknowledged, for the rows of the journal.
	crashRows = -1
)

// crashSize is the size of a writer's change: one in five is staged, some in
// several transactions.
func crashSize(writer, index int) int {
	switch (writer + index) % 10 {
	case 3:
		return 40_000
	case 8:
		return 600_000
	default:
		return 100
	}
}

// crashAuthor returns the author that writes a writer's change, after which the
// next is to be written.
func crashAuthor(writer, index int) *storagetest.Author {
	return storagetest.NewAuthor(uint64(writer)).Resume(uint64(index))
}

// crashChild writes for ever. After each acknowledgement it prints writer and
// length, in one system call.
func crashChild(dir string) error {
	s, err := storage.Open(dir, storage.Options{Small: os.Getenv(crashSmall) != ""})
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make(chan error, crashWriters+crashPurgers)
	for writer := range crashWriters {
		wg.Go(func() { errs <- crashWriter(s, writer) })
	}
	for purger := range crashPurgers {
		wg.Go(func() { errs <- crashPurger(s, storagetest.ID('p', uint32(purger))) })
	}
	wg.Wait()
	return <-errs
}

func crashWriter(s *storage.Store, writer int) error {
	id := storagetest.ID('c', uint32(writer))
	info, err := s.Document(id)
	index, heads := info.Changes, info.Heads
	for ; err == nil || index == 0; index++ {
		c := crashAuthor(writer, index).Write(panics{}, crashSize(writer, index), heads...)
		_, err = s.Commit(context.Background(), &storage.Batch{
			Appends: []storage.Append{{Document: id, Base: index, Changes: []*change.Change{c}}},
			Puts:    []storage.Entry{{Key: []byte{byte(writer)}, Value: strconv.AppendInt(nil, int64(index+1), 10)}},
		})
		if err != nil {
			return err
		}
		heads = []change.Hash{c.Hash}
		fmt.Printf("%d %d\n", writer, index+1)
	}
	return err
}

// crashPurger has a document live and end, again and again. Every life has an
// author of its own.
func crashPurger(s *storage.Store, id docid.ID) error {
	for {
		err := s.Purge(context.Background(), id, nil)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		fmt.Printf("%d %d\n", crashRows, s.LastSeq())
		author := storagetest.NewAuthor(uint64(s.LastSeq()))
		for base, n := range []int{1, 3, 20} {
			changes := author.Chain(panics{}, n, 30_000)
			seq, err := s.Commit(context.Background(), &storage.Batch{
				Appends: []storage.Append{{Document: id, Base: []int{0, 1, 4}[base], Changes: changes}},
			})
			if err != nil {
				return err
			}
			fmt.Printf("%d %d\n", crashRows, seq)
		}
	}
}

func TestCrash(t *testing.T) {
	kills := 24
	if testing.Short() {
		kills = 4
	}
	for name, small := range map[string]bool{"relay": false, "small": true} {
		t.Run(name, func(t *testing.T) {
			dir, random := t.TempDir(), rand.New(rand.NewPCG(1, 2))
			acknowledged := make(map[int]int)
			for range kills {
				crashOnce(t, dir, small, 1+random.IntN(60), acknowledged)
				checkCrashed(t, dir, small, acknowledged)
			}
			t.Log("acknowledged:", acknowledged)
		})
	}
}

// crashOnce runs a child and kills it after some acknowledgements.
func crashOnce(t *testing.T, dir string, small bool, after int, acknowledged map[int]int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashDir+"="+dir)
	if small {
		child.Env = append(child.Env, crashSmall+"=1")
	}
	var stderr bytes.Buffer
	child.Stderr = &stderr
	stdout, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	for n := 0; ; n++ {
		if n == after {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break
		}
		var writer, length int
		if _, err := fmt.Sscan(line, &writer, &length); err != nil {
			t.Fatalf("the child said %q: %v", line, err)
		}
		acknowledged[writer] = max(acknowledged[writer], length)
	}
	if err := child.Wait(); err == nil || stderr.Len() > 0 {
		t.Fatalf("the child ended by itself (%v): %s", err, stderr.Bytes())
	}
}

// checkCrashed opens what a killed child left and looks at everything.
func checkCrashed(t *testing.T, dir string, small bool, acknowledged map[int]int) {
	t.Helper()
	s := open(t, dir, storage.Options{Small: small})
	defer closeStore(t, s)
	if n, err := s.Orphans(); n != 0 || err != nil {
		t.Fatalf("%d staged pieces are left over (%v)", n, err)
	}
	lengths := make(map[docid.ID]int)
	last := storage.Seq(0)
	for _, row := range storagetest.Collect(t, s.Since(t.Context(), 0, nil)) {
		length := lengths[row.Document]
		purge := row.Kind == storage.KindPurge
		if row.Seq != last+1 || !purge && row.First != length || purge && row.Count != length {
			t.Fatalf("row %+v after row %d, length %d", row, last, length)
		}
		last = row.Seq
		lengths[row.Document] = length + row.Count
		if purge {
			lengths[row.Document] = 0
		}
	}
	if last != s.LastSeq() || int(last) < acknowledged[crashRows] {
		t.Fatalf("journal ends at %d, LastSeq is %d, %d rows were acknowledged", last, s.LastSeq(), acknowledged[crashRows])
	}
	for purger := range crashPurgers {
		id := storagetest.ID('p', uint32(purger))
		checkPurger(t, s, id, lengths[id])
	}
	for writer := range crashWriters {
		n := lengths[storagetest.ID('c', uint32(writer))]
		if n < acknowledged[writer] {
			t.Fatalf("writer %d: %d changes, %d were acknowledged", writer, n, acknowledged[writer])
		}
		if n > 0 {
			checkWriter(t, s, writer, n)
		}
	}
}

// checkPurger expects a document to be gone, or to be of one life.
func checkPurger(t *testing.T, s *storage.Store, id docid.ID, length int) {
	t.Helper()
	info, err := s.Document(id)
	if length == 0 {
		if !errors.Is(err, storage.ErrNotFound) {
			t.Fatalf("%s was purged: got %+v, %v", id, info, err)
		}
		return
	}
	chunks := storagetest.Collect(t, s.Changes(t.Context(), id, 0))
	if err != nil || info.Changes != length || len(chunks) != length {
		t.Fatalf("%s: read %d changes, journal has %d, row is %+v (%v)", id, len(chunks), length, info, err)
	}
	var actor change.ActorID
	for i, chunk := range chunks {
		c, err := change.Parse(chunk)
		if err != nil || c.Seq != uint64(i+1) || i > 0 && c.Actor != actor {
			t.Fatalf("%s: change %d is seq %d of %s, not of %s (%v)", id, i, c.Seq, c.Actor, actor, err)
		}
		actor = c.Actor
	}
}

// checkWriter compares a document with what its writer wrote, byte for byte,
// and with the entry that every one of its commits carried.
func checkWriter(t *testing.T, s *storage.Store, writer, length int) {
	t.Helper()
	id := storagetest.ID('c', uint32(writer))
	index, heads := 0, []change.Hash(nil)
	for chunk, err := range s.Changes(t.Context(), id, 0) {
		if err != nil {
			t.Fatal(err)
		}
		want := crashAuthor(writer, index).Write(t, crashSize(writer, index), heads...)
		if !bytes.Equal(chunk, want.Bytes()) {
			t.Fatalf("writer %d: change %d is another", writer, index)
		}
		index, heads = index+1, []change.Hash{want.Hash}
	}
	info, err := s.Document(id)
	if err != nil || index != length || info.Changes != length || len(info.Heads) != 1 || info.Heads[0] != heads[0] {
		t.Fatalf("writer %d: read %d changes, journal has %d, row is %+v (%v)", writer, index, length, info, err)
	}
	if value, err := s.Get([]byte{byte(writer)}); err != nil || string(value) != strconv.Itoa(length) {
		t.Fatalf("writer %d: entry is %q (%v), want %d", writer, value, err, length)
	}
}
