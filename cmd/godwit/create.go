package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"

	"github.com/godwit-sync/godwit/crdt"
)

type createCommand struct {
	Values []string `arg:"" optional:"" name:"key=value" help:"What is in it. A value is JSON, or else a string; strings are texts that many can edit at once."`
	From   string   `placeholder:"FILE" help:"Take what is in it from a file with a JSON object; - is standard input."`
	String bool     `help:"Take values for strings, whatever they look like."`
}

// Help says more.
func (createCommand) Help() string {
	return `The URL is all that is printed on standard output; give it to others, and they can have the document too.

  godwit doc create title=Groceries items='["milk", "bread"]' done=false`
}

// Run makes a document.
func (c createCommand) Run(ctx context.Context, a *app) error {
	content, err := c.content(a)
	if err != nil {
		return err
	}
	return a.with(ctx, func(s *session) error {
		doc, err := s.Create(ctx, func(root crdt.Map) error { return root.Reconcile(content) })
		if err != nil {
			return err
		}
		if !a.opts.JSON {
			if _, err := fmt.Fprintln(a.out, doc.URL()); err != nil {
				return err
			}
		}
		if err := s.send(ctx, doc); err != nil {
			return err
		}
		return s.tell(doc, true)
	})
}

func (c createCommand) content(a *app) (map[string]any, error) {
	content := map[string]any{}
	if c.From != "" {
		data, err := a.read(c.From)
		if err != nil {
			return nil, err
		}
		object, err := decodeObject(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fileName(c.From), err)
		}
		maps.Copy(content, object)
	}
	for _, value := range c.Values {
		key, text, found := strings.Cut(value, "=")
		if !found || key == "" {
			return nil, fmt.Errorf("%w: %q is no key=value", errUsage, value)
		}
		var err error
		if content[key], err = valueOf(text, c.String); err != nil {
			return nil, err
		}
	}
	return content, nil
}

// valueOf reads a value on the command line.
func valueOf(text string, isString bool) (any, error) {
	if isString {
		return text, nil
	}
	return decodeLoosely(text)
}

// read reads a file, or standard input.
func (a *app) read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(a.in)
	}
	return os.ReadFile(name)
}

func fileName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}
