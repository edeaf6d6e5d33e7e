package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

type editCommand struct {
	ID      documentID `arg:"" help:"The document's id or URL."`
	Pointer pointer    `arg:"" optional:"" help:"Which part, as a JSON Pointer such as /notes; all of it unless given."`
}

// Help says more.
func (editCommand) Help() string {
	return `The editor is $VISUAL, or else $EDITOR, and has the directory to itself while it is open. A text is edited as text, everything else as JSON. What others change while you type stays: your edits, and no more, are merged with theirs. If what you typed can't be read, or the editor fails, the file is kept.`
}

// Run lets a person edit.
func (c editCommand) Run(ctx context.Context, a *app) error {
	return a.with(ctx, func(s *session) error {
		doc, err := s.here(ctx, c.ID.id())
		if err != nil {
			return err
		}
		s.excuse()
		newer, err := doc.NewerFormat(ctx)
		if newer { // say it before anybody types
			err = crdt.ErrNewerFormat
		}
		if err != nil {
			return err
		}
		d, err := c.draft(ctx, doc)
		if err != nil {
			return err
		}
		changed, err := d.edit(ctx, a)
		if err != nil {
			return err
		}
		s.down = nil // that may be a while ago
		return s.finish(ctx, doc, changed)
	})
}

// draft is what a person edits: a part of a document as it was when it was
// shown.
type draft struct {
	doc     *peer.Document
	pointer pointer
	heads   []crdt.Hash
	text    bool   // else JSON
	shown   []byte // what is in the file at first
	path    string // of the file
}

func (c editCommand) draft(ctx context.Context, doc *peer.Document) (*draft, error) {
	d := &draft{doc: doc, pointer: c.Pointer}
	var err error
	d.heads, err = doc.ViewHeads(ctx, func(root crdt.Map) error {
		v, err := c.Pointer.find(root)
		if err != nil {
			return err
		}
		if d.text = isString(v); d.text {
			d.shown = []byte(v.Str())
			return nil
		}
		d.shown, err = v.MarshalJSON()
		d.shown = append(indented(d.shown), '\n')
		return err
	})
	return d, err
}

// edit shows the draft in an editor, as often as it takes, and writes what was
// typed into the document. The file goes when nothing is left in it that isn't
// in the document.
func (d *draft) edit(ctx context.Context, a *app) (changed bool, err error) {
	if err := d.put(); err != nil {
		return false, err
	}
	for {
		failure := a.runEditor(ctx, d.path)
		typed, err := os.ReadFile(d.path)
		if err != nil {
			return false, errors.Join(failure, err)
		}
		if ctx.Err() == nil && d.same(typed) { // else the editor is still there
			return false, errors.Join(failure, os.Remove(d.path))
		}
		if failure != nil {
			return false, d.kept(failure)
		}
		value, err := d.read(typed)
		switch {
		case err != nil && a.again(err):
			continue
		case err != nil:
			return false, d.kept(fmt.Errorf("what was typed can't be read: %w", err))
		}
		return d.write(ctx, value)
	}
}

// put writes the file.
func (d *draft) put() error {
	pattern := "godwit-" + d.doc.ID().String() + "-*.json"
	if d.text {
		pattern = strings.TrimSuffix(pattern, ".json") + ".txt"
	}
	file, err := os.CreateTemp("", pattern)
	if err != nil {
		return err
	}
	d.path = file.Name()
	_, err = file.Write(d.shown)
	return errors.Join(err, file.Close())
}

// same reports whether a file holds what was shown. Editors end the last line.
func (d *draft) same(typed []byte) bool {
	return bytes.Equal(typed, d.shown) || d.text && bytes.Equal(d.unended(typed), d.shown)
}

// unended takes away the end of the last line, if the text had none.
func (d *draft) unended(typed []byte) []byte {
	if bytes.HasSuffix(d.shown, []byte("\n")) {
		return typed
	}
	return bytes.TrimSuffix(typed, []byte("\n"))
}

func (d *draft) read(typed []byte) (any, error) {
	if d.text {
		return string(d.unended(typed)), nil
	}
	if len(d.pointer) == 0 {
		return decodeObject(typed)
	}
	return decode(typed)
}

// write makes what was typed a change of what was shown.
func (d *draft) write(ctx context.Context, value any) (bool, error) {
	set := setCommand{Pointer: d.pointer, At: d.heads}
	changed, err := set.write(ctx, d.doc, value)
	if err != nil {
		return false, d.kept(err)
	}
	return changed, os.Remove(d.path)
}

// kept says where to find what was typed, and how to go on with it.
func (d *draft) kept(why error) error {
	str := ""
	if d.text {
		str = " --string"
	}
	return fmt.Errorf("%w; nothing was changed, and what was typed is kept in %s; once that is right, this merges it:\n  godwit doc set %s %s --from %s%s --at %s",
		why, d.path, d.doc.URL(), shellQuoted(d.pointer.String()), shellQuoted(d.path), str, strings.Join(headNames(d.heads), ","))
}

func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// again asks whether to go back to the editor, if there is somebody to ask.
func (a *app) again(why error) bool {
	if !isTerminal(a.in) {
		return false
	}
	a.notes.fail("that can't be read: " + why.Error())
	a.notes.write("Edit it again? [Y/n] ")
	answer, err := bufio.NewReader(a.in).ReadString('\n')
	if errors.Is(err, io.EOF) {
		return false
	}
	return !strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "n")
}
