package load

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Keystroke is one step of writing a text: at a position, counted in letters,
// some letters are deleted and others inserted.
type Keystroke struct {
	At, Delete int
	Insert     string
}

// ReadTrace reads an editing trace: a JSON array of [position, deleted,
// inserted text …], gzipped if its name says so. This is the form of
// https://github.com/automerge/automerge-perf. It returns [ErrTrace] if the file
// is something else.
func ReadTrace(path string) ([]Keystroke, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	var r io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(file); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrTrace, path, err)
		}
	}
	var rows [][]any
	if err := json.NewDecoder(r).Decode(&rows); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrTrace, path, err)
	}
	strokes := make([]Keystroke, len(rows))
	for i, row := range rows {
		if strokes[i], err = parseStroke(row); err != nil {
			return nil, fmt.Errorf("%w: %s: row %d: %w", ErrTrace, path, i, err)
		}
	}
	return strokes, nil
}

func parseStroke(row []any) (k Keystroke, err error) {
	if len(row) < 2 {
		return k, fmt.Errorf("%d columns", len(row))
	}
	at, ok1 := row[0].(float64)
	deleted, ok2 := row[1].(float64)
	if !ok1 || !ok2 {
		return k, fmt.Errorf("%v, %v are no numbers", row[0], row[1])
	}
	k.At, k.Delete = int(at), int(deleted)
	for _, text := range row[2:] {
		letters, ok := text.(string)
		if !ok {
			return k, fmt.Errorf("%v is no text", text)
		}
		k.Insert += letters
	}
	return k, nil
}

// typed makes up keystrokes as somebody who types, jumps about and corrects.
func typed(r *rand.Rand, count int) []Keystroke {
	strokes := make([]Keystroke, count)
	at, length := 0, 0
	for i := range strokes {
		switch dice := r.IntN(100); {
		case dice < 2:
			at = r.IntN(length + 1)
			fallthrough
		case dice < 85 || at == 0:
			strokes[i] = Keystroke{At: at, Insert: string(rune('a' + r.IntN(26)))}
			at, length = at+1, length+1
		default:
			at, length = at-1, length-1
			strokes[i] = Keystroke{At: at, Delete: 1}
		}
	}
	return strokes
}

// typedOut returns the document of one author who made these keystrokes, a
// change each, in a text.
func typedOut(strokes []Keystroke) (*history, error) {
	h := newHistory(1)
	r := newReplica(h)
	if err := r.commit(0, 0, change.Op{Key: change.MapKey("text"), Action: change.ActionMakeText}); err != nil {
		return nil, err
	}
	t := text{author: h.authors[0].actor, object: change.OpID{Counter: 1, Actor: h.authors[0].actor}}
	for i, k := range strokes {
		ops, err := t.apply(k, r.lastOp+1)
		if err == nil {
			err = r.commit(0, 0, ops...)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: keystroke %d: %w", ErrTrace, i, err)
		}
	}
	return h, nil
}

// text is the order of a text's letters, by the operations that made them. It
// is kept in two halves around where the last keystroke was, since the next is
// mostly near.
type text struct {
	author change.ActorID
	object change.OpID
	left   []uint64 // counters
	right  []uint64 // the nearest last
}

func (t *text) seek(at int) error {
	if at < 0 || at > len(t.left)+len(t.right) {
		return fmt.Errorf("position %d of %d", at, len(t.left)+len(t.right))
	}
	for len(t.left) > at {
		t.right = append(t.right, t.left[len(t.left)-1])
		t.left = t.left[:len(t.left)-1]
	}
	for len(t.left) < at {
		t.left = append(t.left, t.right[len(t.right)-1])
		t.right = t.right[:len(t.right)-1]
	}
	return nil
}

// apply returns the operations of a keystroke, the first of which has the
// counter next.
func (t *text) apply(k Keystroke, next uint64) ([]change.Op, error) {
	if err := t.seek(k.At); err != nil {
		return nil, err
	}
	if k.Delete < 0 || k.Delete > len(t.right) {
		return nil, fmt.Errorf("%d letters to delete of %d", k.Delete, len(t.right))
	}
	ops := make([]change.Op, 0, k.Delete+len(k.Insert))
	for range k.Delete {
		id := change.OpID{Counter: t.right[len(t.right)-1], Actor: t.author}
		t.right = t.right[:len(t.right)-1]
		ops = append(ops, change.Op{Obj: t.object, Key: change.ElemKey(id), Action: change.ActionDelete, Pred: []change.OpID{id}})
	}
	for _, letter := range k.Insert {
		after := change.OpID{}
		if n := len(t.left); n > 0 {
			after = change.OpID{Counter: t.left[n-1], Actor: t.author}
		}
		t.left = append(t.left, next+uint64(len(ops)))
		ops = append(ops, change.Op{
			Obj: t.object, Key: change.ElemKey(after), Insert: true,
			Action: change.ActionSet, Value: change.Text(string(letter)),
		})
	}
	return ops, nil
}
