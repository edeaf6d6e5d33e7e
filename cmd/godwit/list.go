package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

type listCommand struct {
	Long bool `short:"l" help:"With titles, which are what is at /title or /name. That opens every document."`
}

// Help says more.
func (listCommand) Help() string {
	return `A document is
  pending      here, and something in it has not reached the relay
  synced       here, and the relay has said that it has all of it
  refused      here, and the relay will not take some change of it
  not here     looked for, and not found yet
  unavailable  looked for, and the relay doesn't have it
"!" after that: it can't be opened, and --json says why.`
}

// listed is a line of the list.
type listed struct {
	outcome
	Changes int     `json:"changes"`
	Bytes   int64   `json:"bytes"`
	Title   *string `json:"title,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// Run lists documents.
func (c listCommand) Run(ctx context.Context, a *app) error {
	return a.with(ctx, func(s *session) error {
		show, end := a.table(c.Long)
		for doc, err := range s.Documents(ctx) {
			if err != nil {
				return err
			}
			l, err := c.line(ctx, doc)
			if err != nil {
				return err
			}
			if err := show(l); err != nil {
				return err
			}
		}
		return end()
	})
}

func (c listCommand) line(ctx context.Context, doc *peer.Document) (listed, error) {
	status, err := doc.Status()
	if err != nil {
		return listed{}, err
	}
	l := listed{outcome: outcomeOf(doc, status), Changes: status.Changes, Bytes: status.Bytes}
	failure := status.Err
	if c.Long && failure == nil && status.Changes > 0 {
		var title string
		if title, failure = titleOf(ctx, doc); failure == nil {
			l.Title = &title
		}
	}
	if failure != nil {
		l.Error = explain(failure)
	}
	return l, ctx.Err()
}

// titleOf returns what a document seems to be called.
func titleOf(ctx context.Context, doc *peer.Document) (title string, err error) {
	err = doc.View(ctx, func(root crdt.Map) error {
		for _, key := range []string{"title", "name"} {
			if title = root.Get(key).Str(); title != "" {
				return nil
			}
		}
		return nil
	})
	return title, err
}

// table returns what writes a line, and what ends the list.
func (a *app) table(long bool) (show func(listed) error, end func() error) {
	if a.opts.JSON {
		return func(l listed) error { return writeJSON(a.out, l) }, func() error { return nil }
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	if a.terminal {
		fmt.Fprintln(w, strings.TrimSuffix("DOCUMENT\tSTATE\tCHANGES\tSIZE\tTITLE", onlyIf(!long, "\tTITLE"))) //nolint:errcheck // Flush says it
	}
	return func(l listed) error { return l.write(w) }, w.Flush
}

func onlyIf(is bool, s string) string {
	if is {
		return s
	}
	return ""
}

func (l listed) write(w io.Writer) error {
	state := l.State
	if l.Reason != "" {
		state += " (" + l.Reason + ")"
	}
	line := fmt.Sprintf("%s\t%s\t%d\t%s", l.URL, state+onlyIf(l.Error != "", "!"), l.Changes, humanize.IBytes(uint64(l.Bytes)))
	if l.Title != nil {
		line += "\t" + oneLine(*l.Title)
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

// maxShown is how many letters of a text a line shows.
const maxShown = 60

// oneLine makes of a text what can stand in a line, without what a terminal
// would obey.
func oneLine(s string) string {
	letters := []rune(strings.Join(strings.FieldsFunc(s, isControl), " "))
	if len(letters) > maxShown {
		return string(letters[:maxShown-1]) + "…"
	}
	return string(letters)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 }
