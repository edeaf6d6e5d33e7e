package crdt_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// Many may read a document, save it and look into its past while somebody
// writes: each sees it as it is between two changes.
func TestManyReaders(t *testing.T) {
	d, err := crdt.New(actor("ada"), crdt.Native())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	write := func(n int) {
		edit(t, d, func(root crdt.Map) error {
			for k := range 40 { // more keys than are kept in order
				if err := root.Set(fmt.Sprint("key ", k), n); err != nil {
					return err
				}
			}
			return root.Set(fmt.Sprint("new ", n), n)
		})
	}
	write(0)
	first := d.Heads()
	even := func(root crdt.Map) error {
		want := root.Get("key 0").Int()
		for key, v := range root.All() {
			if key[:3] == "key" && v.Int() != want {
				return fmt.Errorf("%s is %d beside %d", key, v.Int(), want)
			}
		}
		if root.Len() != 41+int(want) {
			return fmt.Errorf("%d keys after %d changes", root.Len(), want)
		}
		return nil
	}
	reads := []func() error{
		func() error { return d.View(even) },
		func() error { return d.ViewAt(first, even) },
		func() error {
			saved, err := d.Save()
			if err != nil {
				return err
			}
			copied, err := crdt.Load(actor("bob"), saved, crdt.Native())
			if err != nil {
				return err
			}
			defer copied.Close()
			return copied.View(even)
		},
	}
	var readers sync.WaitGroup
	done := make(chan struct{})
	for _, read := range append(reads, reads...) {
		readers.Go(func() {
			for {
				if err := read(); err != nil {
					t.Error(err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for n := range 100 {
		write(n + 1)
	}
	close(done)
	readers.Wait()
}

// A document that only its changes can carry is rebuilt by whoever saves it first,
// beside others who read it.
func TestReadersOfSenselessChanges(t *testing.T) {
	ada := open(t, "ada", crdt.Native(), record)
	sense := ada.Heads()
	draft := change.Draft{
		Actor: actor("eve"), Seq: 1, StartOp: 100, Deps: sense,
		Ops: []change.Op{{Action: change.ActionSet, Key: change.MapKey("x"), Pred: []change.OpID{{Counter: 1, Actor: actor("ada")}}}},
	}
	senseless, err := draft.Encode()
	if err != nil {
		t.Fatal(err)
	}
	d := loaded(t, saved(t, ada))
	if err := d.Apply(senseless.Bytes()); err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() { d.Footprint() })
		readers.Go(func() {
			if _, err := d.Save(); err != nil {
				t.Error(err)
			}
		})
		readers.Go(func() {
			if err := d.View(func(root crdt.Map) error { root.Any(); return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	readers.Wait()
}

// A reader doesn't wait for another one.
func TestReadersAtOnce(t *testing.T) {
	d, err := crdt.New(actor("ada"), crdt.Native())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.View(func(crdt.Map) error {
		done := make(chan error)
		go func() { done <- d.View(func(crdt.Map) error { return nil }) }()
		return <-done
	})
	if err != nil {
		t.Fatal(err)
	}
}
