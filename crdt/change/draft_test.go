package change_test

import (
	"bytes"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
)

// redraft takes a change apart and makes a draft of the parts.
func redraft(t testing.TB, c *change.Change) *change.Draft {
	t.Helper()
	d := &change.Draft{
		Actor: c.Actor, Seq: c.Seq, StartOp: c.StartOp, Time: c.Time,
		Message: c.Message, Deps: c.Deps, Extra: c.Extra(),
	}
	for op, err := range c.Operations() {
		if err != nil {
			t.Fatal(err)
		}
		d.Ops = append(d.Ops, op)
	}
	return d
}

func TestDraftEncodesAsAutomergeDoes(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		c, err := change.Parse(g.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		again, err := redraft(t, c).Encode()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Bytes(), g.Chunk) {
			t.Errorf("encoded\n%x, want\n%x", again.Bytes(), g.Chunk)
		}
	})
}

func TestCompressedParsesToTheSameChange(t *testing.T) {
	var shorter int
	eachGolden(t, func(t *testing.T, g golden) {
		want, err := change.Parse(g.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		packed := want.Compressed()
		if len(packed) < len(g.Chunk) {
			shorter++
		}
		got, err := change.Parse(bytes.Clone(packed))
		if err != nil {
			t.Fatal(err)
		}
		if got.Hash != want.Hash || !bytes.Equal(got.Bytes(), g.Chunk) {
			t.Errorf("inflated to %s, want %s", got.Hash, want.Hash)
		}
	})
	if shorter == 0 {
		t.Error("no change was compressed")
	}
}
