package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/godwit-sync/godwit/crdt"
)

// errNothing is returned for a pointer that leads to nothing.
var errNothing = errors.New("there is nothing")

// pointer is a JSON Pointer (RFC 6901): the way from the root of a document to
// a value in it. The empty one is the document itself.
type pointer []string

var (
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
)

// UnmarshalText reads what is on a command line.
func (p *pointer) UnmarshalText(text []byte) error {
	rest, rooted := strings.CutPrefix(string(text), "/")
	switch {
	case len(text) == 0:
		*p = nil
	case !rooted:
		return fmt.Errorf("%q is no JSON Pointer, which begins with a slash; write /%s", text, text)
	default:
		*p = strings.Split(rest, "/")
		for i, step := range *p {
			(*p)[i] = unescape.Replace(step)
		}
	}
	return nil
}

func (p pointer) String() string {
	var b strings.Builder
	for _, step := range p {
		b.WriteString("/" + escape.Replace(step))
	}
	return b.String()
}

// name is how messages call what the pointer leads to.
func (p pointer) name() string {
	if len(p) == 0 {
		return "the document"
	}
	return p.String()
}

// find walks from the root to a value.
func (p pointer) find(root crdt.Map) (crdt.Value, error) {
	v := root.At()
	for i, step := range p {
		switch v.Kind() {
		case crdt.KindMap:
			v = v.Map().Get(step)
		case crdt.KindList:
			index, err := indexIn(step, v.List().Len())
			if err != nil {
				return v, fmt.Errorf("at %s: %w", p[:i].name(), err)
			}
			v = v.List().Get(index)
		default:
			return v, fmt.Errorf("%w at %s: %s is a %s", errNothing, p, p[:i].name(), v.Kind())
		}
		if !v.Exists() {
			return v, fmt.Errorf("%w at %s", errNothing, p[:i+1])
		}
	}
	return v, nil
}

// indexIn reads a step into a list of some length.
func indexIn(step string, length int) (int, error) {
	index, err := strconv.Atoi(step)
	switch {
	case err != nil || index < 0 || strconv.Itoa(index) != step:
		return 0, fmt.Errorf("%q is no place in a list; count from 0, or write - for a new one at the end", step)
	case index >= length:
		return 0, fmt.Errorf("%w at %d: the list has %d; write - for a new one at the end", errNothing, index, length)
	}
	return index, nil
}

// rewrite replaces what the pointer leads to with what change makes of it. Maps
// on the way that are missing are made, and so is a list if the next step is "-".
func (p pointer) rewrite(root crdt.Map, change func(there any, exists bool) (any, error)) error {
	if len(p) == 0 {
		return rewriteRoot(root, change)
	}
	m, rest := p.deepest(root)
	tree, err := rewriteIn(m.Any(), true, rest, change)
	if err != nil {
		return fmt.Errorf("%s: %w", p, err)
	}
	return m.Reconcile(tree.(map[string]any)) // rewriteIn leaves a map a map if there is a step
}

func rewriteRoot(root crdt.Map, change func(any, bool) (any, error)) error {
	tree, err := change(root.Any(), true)
	if err != nil {
		return err
	}
	m, ok := tree.(map[string]any)
	if !ok {
		return errors.New("a document is a JSON object; write {…}, or name a place in it, such as /title")
	}
	return root.Reconcile(m)
}

// deepest returns the last map on the way that is there, and the way from it.
func (p pointer) deepest(root crdt.Map) (crdt.Map, pointer) {
	m, rest := root, p
	for i := 1; i < len(p); i++ {
		v, err := p[:i].find(root)
		if err != nil {
			break
		}
		if v.Kind() == crdt.KindMap {
			m, rest = v.Map(), p[i:]
		}
	}
	return m, rest
}

// removed is what a change makes of what is to be deleted.
type removed struct{}

// rewriteIn does the work of rewrite on plain values.
func rewriteIn(tree any, exists bool, p pointer, change func(any, bool) (any, error)) (any, error) {
	if len(p) == 0 {
		return change(tree, exists)
	}
	if !exists {
		var err error
		if tree, err = emptyFor(p[0]); err != nil {
			return nil, err
		}
	}
	switch tree := tree.(type) {
	case map[string]any:
		there, exists := tree[p[0]]
		made, err := rewriteIn(there, exists, p[1:], change)
		if made == (removed{}) {
			delete(tree, p[0])
		} else {
			tree[p[0]] = made
		}
		return tree, err
	case []any:
		return rewriteList(tree, p, change)
	default:
		return nil, fmt.Errorf("what is before %q holds no other values; set that first", p[0])
	}
}

// emptyFor returns what a missing container is to be. A number could be a key as
// well as a place in a list, so there nothing is guessed.
func emptyFor(step string) (any, error) {
	if step == "-" {
		return []any{}, nil
	}
	if _, err := strconv.Atoi(step); err == nil {
		return nil, fmt.Errorf("%w before %q; set that to {} or [] first", errNothing, step)
	}
	return map[string]any{}, nil
}

func rewriteList(list []any, p pointer, change func(any, bool) (any, error)) (any, error) {
	if p[0] == "-" {
		made, err := rewriteIn(nil, false, p[1:], change)
		return append(list, made), err
	}
	index, err := indexIn(p[0], len(list))
	if err != nil {
		return nil, err
	}
	made, err := rewriteIn(list[index], true, p[1:], change)
	if made == (removed{}) {
		return slices.Delete(list, index, index+1), err
	}
	list[index] = made
	return list, err
}
