package main

import (
	"context"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

type setCommand struct {
	ID      documentID `arg:"" help:"The document's id or URL."`
	Pointer pointer    `arg:"" help:"Which value, as a JSON Pointer: /title, /items/0, /items/- for a new item at the end, or an empty string for all of the document."`
	Value   *string    `arg:"" optional:"" help:"JSON, or else a string."`
	String  bool       `help:"Take the value for a string, whatever it looks like."`
	From    string     `placeholder:"FILE" help:"Take the value from a file; - is standard input. It must be JSON, unless --string is given."`
	Delete  bool       `help:"Delete the value."`
	At      headsFlag  `placeholder:"HEADS" help:"Change the document as it was at these heads, and merge that into what it is now."`
}

// Help says more.
func (setCommand) Help() string {
	return `What is there tells how: a text is edited letter by letter, a counter is incremented by the difference, maps and lists change where they differ. So what others change at the same time stays. Maps on the way that are missing are made; so is a list, where the next step is "-".

  godwit doc set automerge:… /title "Groceries for Sunday"
  godwit doc set automerge:… /items/- bread
  godwit doc set automerge:… /items/0 --delete`
}

// Run sets a value.
func (c setCommand) Run(ctx context.Context, a *app) error {
	value, err := c.value(a)
	if err != nil {
		return err
	}
	return a.with(ctx, func(s *session) error {
		doc, err := s.here(ctx, c.ID.id())
		if err != nil {
			return err
		}
		changed, err := c.write(ctx, doc, value)
		if err != nil {
			return err
		}
		return s.finish(ctx, doc, changed)
	})
}

// finish sends what was changed, if anything was, and says what has become of it.
func (s *session) finish(ctx context.Context, doc *peer.Document, changed bool) error {
	if !changed {
		s.a.notes.say("nothing to change: that is what is there")
	} else if err := s.send(ctx, doc); err != nil {
		return err
	}
	return s.tell(doc, changed)
}

func (c setCommand) value(a *app) (any, error) {
	given := 0
	for _, is := range []bool{c.Value != nil, c.From != "", c.Delete} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return nil, fmt.Errorf("%w: give one of VALUE, --from and --delete", errUsage)
	case c.Delete && len(c.Pointer) == 0:
		return nil, fmt.Errorf("%w: --delete needs a place in the document, such as /title; \"godwit doc forget\" removes the document from here", errUsage)
	case c.Delete:
		return removed{}, nil
	case c.Value != nil:
		return valueOf(*c.Value, c.String)
	}
	data, err := a.read(c.From)
	if err != nil || c.String {
		return string(data), err
	}
	value, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", fileName(c.From), err)
	}
	return value, nil
}

// write makes the change, and reports whether it made a difference.
func (c setCommand) write(ctx context.Context, doc *peer.Document, value any) (changed bool, err error) {
	err = doc.ChangeAt(ctx, c.At, func(root crdt.Map) error {
		before, err := root.MarshalJSON()
		if err != nil {
			return err
		}
		err = c.Pointer.rewrite(root, func(_ any, exists bool) (any, error) {
			if c.Delete && !exists {
				return nil, errNothing
			}
			return value, nil
		})
		if err != nil {
			return err
		}
		after, err := root.MarshalJSON()
		changed = string(before) != string(after)
		return err
	})
	return changed, err
}
