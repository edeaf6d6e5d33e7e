package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

type watchCommand struct {
	ID    *documentID `arg:"" optional:"" help:"The document's id or URL."`
	All   bool        `help:"Watch all documents of the directory."`
	Value bool        `help:"With --json: tell what the document is after each change, too."`
}

// Help says more.
func (watchCommand) Help() string {
	return `Each line tells what has changed and by whom, or that the document's state is another. With --json each is an object. A document that isn't here is waited for. It needs a relay, and has the directory to itself until Ctrl-C ends it: to change the document meanwhile, give another --data.`
}

// Run watches until ctx ends.
func (c watchCommand) Run(ctx context.Context, a *app) error {
	switch {
	case (c.ID == nil) != c.All:
		return fmt.Errorf("%w: name a document, or --all", errUsage)
	case a.opts.Relay == "":
		return fmt.Errorf("%w: nothing can change in a directory that is open here, except through a relay; name one with --relay or GODWIT_RELAY", errUsage)
	}
	return a.with(ctx, func(s *session) error {
		go s.announce(ctx)
		w := watcher{s: s, command: c, known: map[crdt.DocumentID]sight{}}
		events, err := w.begin(ctx)
		if err != nil {
			return err
		}
		for event := range events {
			if err := w.show(ctx, event); err != nil && ctx.Err() == nil {
				return err
			}
		}
		return nil
	})
}

// announce tells when there is a link, and when there is none.
func (s *session) announce(ctx context.Context) {
	online, told := false, false
	for state := range s.Link(ctx) {
		switch {
		case state.Linked() && !online:
			s.a.notes.say("linked to %s", s.relay)
		case state.Phase == peer.Offline && state.Err != nil && (online || !told):
			s.a.notes.say("no link, trying again: %s", explain(state.Err))
		default:
			continue
		}
		online, told = state.Linked(), true
	}
}

// watcher tells what it hasn't told yet.
type watcher struct {
	s       *session
	command watchCommand
	known   map[crdt.DocumentID]sight
}

// sight is how a document was last seen.
type sight struct {
	status peer.Status
	heads  []crdt.Hash
	value  json.RawMessage // if that is looked at
}

// begin subscribes, and then looks at how things are.
func (w *watcher) begin(ctx context.Context) (events <-chan peer.Event, err error) {
	if w.command.All {
		events = w.s.Watch(ctx)
		for doc, err := range w.s.Documents(ctx) {
			if err == nil {
				w.known[doc.ID()], err = w.look(ctx, doc)
			}
			if err != nil {
				return nil, err
			}
		}
		w.s.a.notes.say("watching %s; Ctrl-C ends it", count(len(w.known)))
		return events, nil
	}
	doc, err := w.find(ctx)
	if err != nil {
		return nil, err
	}
	events = doc.Watch(ctx)
	w.known[doc.ID()], err = w.look(ctx, doc)
	w.s.a.notes.say("watching %s (%s); Ctrl-C ends it", doc.URL(), w.known[doc.ID()].status.State)
	return events, err
}

// find sees to it that the document is looked for; it may come later.
func (w *watcher) find(ctx context.Context) (*peer.Document, error) {
	waiting, stop := w.s.patiently(ctx)
	defer stop()
	doc, err := w.s.Find(waiting, w.command.ID.id())
	if err == nil || errors.Is(err, peer.ErrNotHere) || errors.Is(err, peer.ErrUnavailable) {
		return doc, ctx.Err()
	}
	return doc, err
}

func (w *watcher) look(ctx context.Context, doc *peer.Document) (saw sight, err error) {
	if saw.status, err = doc.Status(); err != nil {
		return saw, err
	}
	if saw.status.Changes == 0 || saw.status.Err != nil || w.command.All && !w.command.Value {
		saw.heads, err = doc.Heads()
		return saw, err
	}
	saw.heads, err = doc.ViewHeads(ctx, func(root crdt.Map) error {
		saw.value, err = root.MarshalJSON()
		return err
	})
	return saw, err
}

// show tells what an event is about, if there is anything to see.
func (w *watcher) show(ctx context.Context, event peer.Event) error {
	doc, err := w.s.Document(event.Document)
	if errors.Is(err, peer.ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	before := w.known[event.Document]
	now, err := w.look(ctx, doc)
	if err != nil {
		return err
	}
	w.known[event.Document] = now
	changed := !slices.Equal(before.heads, now.heads)
	same := before.status.State == now.status.State && before.status.Reason == now.status.Reason
	if !changed && same && len(event.Refused) == 0 {
		return nil
	}
	if w.s.a.opts.JSON {
		return w.showJSON(doc, event, now, changed)
	}
	_, err = fmt.Fprintln(w.s.a.out, strings.Join(w.words(doc, event, before, now), "  "))
	return err
}

func (w *watcher) words(doc *peer.Document, event peer.Event, before, now sight) []string {
	var words []string
	if w.command.All {
		words = append(words, doc.URL())
	}
	if !slices.Equal(before.heads, now.heads) {
		words = append(words, origin(event), w.difference(before, now))
	}
	if before.status.State != now.status.State || before.status.Reason != now.status.Reason {
		words = append(words, strings.TrimSpace(now.status.State.String()+" "+now.status.Reason))
	}
	if n := len(event.Refused); n > 0 {
		words = append(words, fmt.Sprintf("%d changes of others are not taken: %s", n, event.Reason))
	}
	return words
}

func origin(event peer.Event) string {
	switch {
	case event.Local && event.Remote:
		return "local and remote"
	case event.Local:
		return "local"
	default:
		return "remote"
	}
}

// difference says what has changed, as far as it was looked at.
func (w *watcher) difference(before, now sight) string {
	switch {
	case len(before.heads) == 0:
		return "arrived"
	case now.value == nil || before.value == nil:
		return "changed"
	}
	was, err := decode(before.value)
	is, err2 := decode(now.value)
	found := differences(was, is)
	if err := errors.Join(err, err2); err != nil || len(found) == 0 {
		return "changed" // in a way that JSON doesn't show
	}
	return strings.Join(found, ", ")
}

func (w *watcher) showJSON(doc *peer.Document, event peer.Event, now sight, changed bool) error {
	value := now.value
	if !w.command.Value {
		value = nil
	}
	return writeJSON(w.s.a.out, struct {
		outcome
		Local   bool            `json:"local"`
		Remote  bool            `json:"remote"`
		Heads   []string        `json:"heads"`
		Value   json.RawMessage `json:"value,omitempty"`
		Refused []string        `json:"refused,omitempty"`
	}{
		outcomeOf(doc, now.status), event.Local && changed, event.Remote && changed,
		headNames(now.heads), value, headNames(event.Refused),
	})
}
