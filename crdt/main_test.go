package crdt_test

import (
	"os"
	"runtime"
	"testing"

	"go.uber.org/goleak"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

func TestMain(m *testing.M) {
	if runtime.GOOS == "js" { // which has goroutines of its own
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}

// needsReference skips a test in a program without automerge-go.
func needsReference(tb testing.TB) {
	tb.Helper()
	d, err := crdt.New(actor("nobody"), crdt.Reference())
	if err != nil {
		tb.Skip(err)
	}
	d.Close()
}

// actor returns the actor id of a name.
func actor(name string) crdt.ActorID { return crdt.ActorID((name + "................")[:16]) }

// newDoc returns a document with what fn writes.
func newDoc(tb testing.TB, name string, fn func(root crdt.Map) error) *crdt.Doc {
	tb.Helper()
	d, err := crdt.New(actor(name))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	if fn != nil {
		edit(tb, d, fn)
	}
	return d
}

// edit makes a change that must work.
func edit(tb testing.TB, d *crdt.Doc, fn func(root crdt.Map) error) *change.Change {
	tb.Helper()
	c, err := d.Change(fn)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// content returns what a document says, as JSON.
func content(tb testing.TB, d *crdt.Doc) string {
	tb.Helper()
	var text []byte
	err := d.View(func(root crdt.Map) (err error) {
		text, err = root.MarshalJSON()
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// says checks what a document says.
func says(tb testing.TB, d *crdt.Doc, want string) {
	tb.Helper()
	if got := content(tb, d); got != want {
		tb.Errorf("the document says\n%s, want\n%s", got, want)
	}
}
