package crdt_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// A process that aborts leaves a note of what it was doing, and of nothing else.
func TestGuard(t *testing.T) {
	needsReference(t)
	path := filepath.Join(t.TempDir(), "notes")
	cmd := exec.Command(os.Args[0], "-test.run", "TestGuardedAbort")
	cmd.Env = append(os.Environ(), "GODWIT_GUARD_NOTES="+path)
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("it lives: %s", out)
	}
	if notes, err := os.ReadFile(path); err != nil || string(notes) != "inner" {
		t.Errorf("the notes say %q, %v", notes, err)
	}
}

func TestGuardedAbort(t *testing.T) {
	path := os.Getenv("GODWIT_GUARD_NOTES")
	if path == "" {
		t.Skip("it is a process of TestGuard")
	}
	// A map's key in a list breaks no rule of structure.
	list := change.OpID{Counter: 1, Actor: "mallory"}
	draft := change.Draft{Actor: "mallory", Seq: 1, StartOp: 1, Ops: []change.Op{
		{Key: change.MapKey("list"), Action: change.ActionMakeList},
		{Obj: list, Key: change.ElemKey(change.OpID{}), Insert: true, Action: change.ActionSet, Value: change.Int(1)},
		{Obj: list, Key: change.MapKey("x"), Action: change.ActionSet, Value: change.Int(1)},
	}}
	hostile, err := draft.Encode()
	if err != nil {
		t.Fatal(err)
	}
	notes, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	guard := func(note string, do func() error) error { return crdt.Guard(crdt.Reference(), notes, []byte(note), do) }
	if err := guard("past", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	_ = guard("outer", func() error {
		_ = guard("before", func() error { return errors.New("no abort") })
		return guard("inner", func() error {
			_, err := crdt.Load(crdt.NewActorID(), hostile.Bytes(), crdt.Reference())
			return err
		})
	})
}
