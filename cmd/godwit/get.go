package main

import (
	"context"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

type getCommand struct {
	ID      documentID `arg:"" help:"The document's id or URL."`
	Pointer pointer    `arg:"" optional:"" help:"Which part, as a JSON Pointer such as /items/0; all of it unless given."`
	Raw     bool       `short:"r" help:"Print a text as it is, without quotes."`
	Retry   bool       `help:"Open the document although it was set aside, because something in it has ended the program before. It is likely to do so again."`
}

// Help says more.
func (getCommand) Help() string {
	return `With a relay, a document that isn't here is fetched, and one that is here is brought up to date first, if that takes no longer than --wait. On a terminal the JSON is indented, elsewhere it is one line.`
}

// Run prints a document.
func (c getCommand) Run(ctx context.Context, a *app) error {
	return a.with(ctx, func(s *session) error {
		doc, err := s.here(ctx, c.ID.id())
		if err != nil {
			return err
		}
		s.excuse()
		if c.Retry {
			if err := doc.Retry(ctx); err != nil {
				return err
			}
		}
		text, err := c.print(ctx, a, doc)
		if err != nil {
			return err
		}
		newer, err := doc.NewerFormat(ctx)
		if newer {
			a.notes.say("made by a newer Automerge: there may be more in it than is shown, and this program can't change it")
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.out, string(text))
		return err
	})
}

func (c getCommand) print(ctx context.Context, a *app, doc *peer.Document) (text []byte, err error) {
	err = doc.View(ctx, func(root crdt.Map) error {
		v, err := c.Pointer.find(root)
		if err != nil {
			return err
		}
		if c.Raw && isString(v) {
			text = []byte(v.Str())
			return nil
		}
		text, err = v.MarshalJSON()
		return err
	})
	if a.terminal && !a.opts.JSON && !c.Raw {
		text = indented(text)
	}
	return text, err
}

func isString(v crdt.Value) bool {
	return v.Kind() == crdt.KindText || v.Kind() == crdt.KindString
}
