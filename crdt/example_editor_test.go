package crdt_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/godwit-sync/godwit/crdt"
)

// What an editor does: it formats, begins a heading, and keeps its caret where it
// was while somebody else writes. Positions count as those of a browser.
func Example_editor() {
	ada, err := crdt.New(crdt.NewActorID(), crdt.Positions(crdt.UTF16))
	if err != nil {
		log.Fatal(err)
	}
	defer ada.Close()
	var caret crdt.Cursor
	if _, err := ada.Change(func(root crdt.Map) error {
		if err := root.Set("page", "🦆 Geese They fly far."); err != nil {
			return err
		}
		page := root.Get("page").Text()
		if caret, err = page.Cursor(14, crdt.MoveAfter); err != nil { // before "fly"
			return err
		}
		return errors.Join(
			page.Mark(14, 17, "bold", true, crdt.ExpandAfter),
			page.Splice(8, 1, ""), // the space between title and text
			page.SplitBlock(8, map[string]any{"type": "paragraph"}),
			page.SplitBlock(0, map[string]any{"type": "heading", "level": 1}),
		)
	}); err != nil {
		log.Fatal(err)
	}

	// Bob writes before the caret. It goes to him, or comes from a browser, as a
	// string.
	bob, err := ada.Fork(crdt.NewActorID())
	if err != nil {
		log.Fatal(err)
	}
	defer bob.Close()
	if _, err := bob.Change(func(root crdt.Map) error { return root.Get("page").Text().Insert(4, "Grey ") }); err != nil {
		log.Fatal(err)
	}
	if err := ada.Merge(bob); err != nil {
		log.Fatal(err)
	}

	if err := ada.View(func(root crdt.Map) error {
		page := root.Get("page").Text()
		pos, err := page.Position(caret)
		if err != nil {
			return err
		}
		fmt.Println("the caret is at", pos)
		spans, err := page.Spans()
		for _, s := range spans {
			if s.Block.Exists() {
				fmt.Println(s.Start, s.Block.At("type").Str())
			} else {
				fmt.Printf("%d %q bold: %t\n", s.Start, s.Text, s.Marks()["bold"].Bool())
			}
		}
		return err
	}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// the caret is at 20
	// 0 heading
	// 1 "🦆 Grey Geese" bold: false
	// 14 paragraph
	// 15 "They " bold: false
	// 20 "fly" bold: true
	// 23 " far." bold: false
}
