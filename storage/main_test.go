package storage_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"github.com/godwit-sync/godwit/storage"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, crashChild(dir))
		os.Exit(1)
	}
	if dir := os.Getenv(memoryDir); dir != "" {
		if err := memoryChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if order := os.Getenv(recordsChild); order != "" {
		if err := fillOrOpen(order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(inChild) != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}

const inChild = "GODWIT_STORAGE_TEST_IN_CHILD"

// runsInChild runs the calling test in a process of its own, and returns true
// there. When an Open fails, Badger leaves goroutines behind, which would be
// taken for ours; and what must not end the process is best shown by one.
func runsInChild(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inChild) != "" {
		return true
	}
	child := exec.Command(os.Args[0], "-test.v", fmt.Sprint("-test.short=", testing.Short()), "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), inChild+"=1")
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	} else {
		t.Logf("%s", out)
	}
	return false
}

func open(tb testing.TB, dir string, opts storage.Options) *storage.Store {
	tb.Helper()
	s, err := storage.Open(dir, opts)
	if err != nil {
		tb.Fatal("open:", err)
	}
	return s
}

func closeStore(tb testing.TB, s *storage.Store) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Fatal("close:", err)
	}
}

// panics stands in for a test where there is none.
type panics struct{}

func (panics) Helper()                           {}
func (panics) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (panics) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
