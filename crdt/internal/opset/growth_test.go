package opset_test

import (
	"bufio"
	"fmt"
	"hash"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// What comes in bulk must cost in proportion, whatever it is. That is counted,
// not timed: four times as much may run each line of the code, and allocate,
// four times as often, and some more for logarithms; with the square it would be
// sixteen times. Lines that run no more than perOp times for each operation
// aren't looked at.
const (
	few    = 2_000
	times  = 4
	growth = 6
	perOp  = 64
)

// TestBulkMemory counts what is allocated.
func TestBulkMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	for name, history := range bulk {
		t.Run(name, func(t *testing.T) {
			a, b := allocations(t, history(t, few)), allocations(t, history(t, times*few))
			if b.Mallocs > growth*a.Mallocs || b.TotalAlloc > growth*a.TotalAlloc {
				t.Errorf("%d operations allocate %d objects and %d bytes; %d times as many %d and %d",
					few, a.Mallocs, a.TotalAlloc, times, b.Mallocs, b.TotalAlloc)
			}
		})
	}
}

func allocations(t *testing.T, changes []*change.Change) runtime.MemStats {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	live(t, changes)
	runtime.ReadMemStats(&after)
	after.Mallocs -= before.Mallocs
	after.TotalAlloc -= before.TotalAlloc
	return after
}

// TestBulkWork counts how often each line runs, in processes of their own. Run
// it with -covermode=atomic and -coverpkg=./crdt/...: without, nothing counts.
//
// What it doesn't see is how much a line moves. Slices that are inserted into
// or deleted from are short or in blocks; the heads are not, which are 40 bytes.
func TestBulkWork(t *testing.T) {
	counting(t)
	for name := range bulk {
		t.Run(name, func(t *testing.T) {
			a, b := executions(t, fmt.Sprint(few, " ", name)), executions(t, fmt.Sprint(times*few, " ", name))
			for line, n := range b {
				if n > max(growth*a[line], perOp*times*few) {
					t.Errorf("%s runs %d times for %d operations, %d times for %d", line, a[line], few, n, times*few)
				}
			}
		})
	}
}

// counting skips tests that count how often lines run, where nothing does.
func counting(t *testing.T) {
	t.Helper()
	if testing.CoverMode() != "atomic" {
		t.Skip("needs go test -covermode=atomic -coverpkg=./crdt/...")
	}
}

// What a process of its own is to live through: a size and a history, or the
// corpus.
const (
	ordeal    = "GODWIT_ORDEAL"
	theCorpus = "corpus"
)

// executions returns how often each block of code runs in an ordeal.
func executions(t *testing.T, what string) map[string]int {
	t.Helper()
	profile := filepath.Join(t.TempDir(), "profile")
	child := exec.Command(os.Args[0], "-test.run=^TestOrdeal$", "-test.coverprofile="+profile)
	child.Env = append(os.Environ(), ordeal+"="+what)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	f, err := os.Open(profile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	counts := map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line, count, _ := strings.Cut(lines.Text(), " ") // the place, the statements, the count
		_, count, _ = strings.Cut(count, " ")
		n, _ := strconv.Atoi(count)
		counts[line] = max(counts[line], n)
	}
	if len(counts) == 0 {
		t.Fatal("nothing was counted: is -coverpkg=./crdt/... missing?")
	}
	return counts
}

// TestOrdeal is what others have processes of their own run.
func TestOrdeal(t *testing.T) {
	size, name, _ := strings.Cut(os.Getenv(ordeal), " ")
	switch n, err := strconv.Atoi(size); {
	case size == theCorpus:
		for name, b := range corpus(t) {
			endure(name, b)
		}
	case err != nil:
		t.Skip("run by TestBulkWork and TestCorpusWork")
	default:
		live(t, bulk[name](t, n))
	}
}

// live lives through a history: takes it while somebody observes, reads all,
// saves, opens what was saved, verifies it, and looks at its past.
func live(t *testing.T, changes []*change.Change) {
	t.Helper()
	s := opset.New(me)
	s.Observe(true)
	for i, c := range changes {
		if c == nil {
			write(t, s, i)
		} else if err := s.Apply(c); err != nil {
			t.Fatal(err)
		}
		s.Patches(sequence.UTF16, plain)
	}
	said := digest(s)
	saved, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	again := reload(t, saved)
	if digest(again) != said {
		t.Fatal("saved and loaded it says something else")
	}
	if _, err := again.Changes(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Diff(nil, s.Heads(), sequence.UTF16, plain); err != nil {
		t.Fatal(err)
	}
	past, err := s.At(s.Heads())
	if err != nil {
		t.Fatal(err)
	}
	if digest(past) != said {
		t.Fatal("looked at from its heads it says something else")
	}
}

// write makes a change of ours.
func write(t *testing.T, s *opset.Set, i int) {
	t.Helper()
	if err := s.Put(s.Root(), "ours", change.Int(int64(i))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit("", 0); err != nil {
		t.Fatal(err)
	}
}

// digest sums up all that a document says.
func digest(s *opset.Set) uint32 {
	h := crc32.NewIEEE()
	objects := []*opset.Object{s.Root()}
	see := func(ops []opset.Op) {
		for i := range ops {
			op := &ops[i]
			fmt.Fprint(h, op.ID.Counter, op.Action, op.Value.Type)
			h.Write(op.Value.Raw)
			if op.Action == change.ActionSet && op.Value.Type == change.ValueCounter {
				fmt.Fprint(h, op.Counter())
			}
			if op.Object != nil {
				objects = append(objects, op.Object)
			}
		}
	}
	for len(objects) > 0 {
		o := objects[len(objects)-1]
		objects = objects[:len(objects)-1]
		digestObject(h, o, see)
	}
	return h.Sum32()
}

func digestObject(h hash.Hash, o *opset.Object, see func([]opset.Op)) {
	if o.IsMap() {
		for key := range o.Entries() {
			fmt.Fprint(h, key)
			see(o.Conflicts(key))
		}
		return
	}
	for i := range o.Len(sequence.Points) {
		see(o.ConflictsAt(i))
	}
	if o.IsText() {
		fmt.Fprint(h, o.Text(), o.Marks(sequence.UTF16))
	}
}

// A run stays one, however long: a million equal values that were inserted one
// after the other cost no more to open and to save than a thousand.
func TestRunsStayRuns(t *testing.T) {
	d := draft(eve, 1, 1)
	d.Runs = []change.Run{
		{Op: change.Op{Key: change.MapKey("l"), Action: change.ActionMakeList}, N: 1},
		{Op: change.Op{Obj: at(1), Key: change.ElemKey(change.OpID{}), Insert: true, Action: change.ActionSet}, N: 1},
		{Op: change.Op{Obj: at(1), Key: change.ElemKey(at(2)), Insert: true, Action: change.ActionSet}, N: 999_999},
	}
	nulls := made(t, d)
	var saved []byte
	if n := bytesFor(func() {
		s := apply(t, []*change.Change{nulls})
		if got := s.Root().Get("l").Object.Len(sequence.Points); got != 1_000_000 {
			t.Fatalf("%d nulls", got)
		}
		var err error
		if saved, err = s.Save(); err != nil {
			t.Fatal(err)
		}
	}); n > 64<<10 {
		t.Errorf("to take and save a million nulls took %d bytes", n)
	}
	if n := bytesFor(func() {
		doc, err := document.Parse(saved)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := opset.Load(me, doc); err != nil {
			t.Fatal(err)
		}
	}); n > 64<<10 {
		t.Errorf("to open a million nulls took %d bytes", n)
	}
}

// bytesFor returns how many bytes a function allocates.
func bytesFor(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
