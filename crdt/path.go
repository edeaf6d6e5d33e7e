package crdt

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// pathError says where in a value an error occurred, as Go would name the place:
// items[3].price.
type pathError struct {
	path string
	err  error
}

// at puts a step before the path of an error: a map's key or a list's index.
func at[T string | int](step T, err error) error {
	if err == nil {
		return nil
	}
	var deeper *pathError
	if !errors.As(err, &deeper) {
		return &pathError{stepOf(step), err}
	}
	if deeper.path[0] == '[' {
		return &pathError{stepOf(step) + deeper.path, deeper.err}
	}
	return &pathError{stepOf(step) + "." + deeper.path, deeper.err}
}

func stepOf(step any) string {
	key, ok := step.(string)
	switch {
	case !ok:
		return fmt.Sprintf("[%d]", step)
	case key == "" || strings.ContainsFunc(key, needsQuotes):
		return "[" + strconv.Quote(key) + "]"
	}
	return key
}

func needsQuotes(r rune) bool {
	return r < '0' || strings.ContainsRune("[]{}\ufffd", r) || !strconv.IsPrint(r)
}

// maxPath is how many bytes of a path an error says; its middle is left out.
const maxPath = 200

func (e *pathError) Error() string {
	path := e.path
	if len(path) > maxPath {
		head, tail := path[:maxPath/2], path[len(path)-maxPath/2:]
		path = strings.ToValidUTF8(head, "") + "…" + strings.ToValidUTF8(tail, "")
	}
	return path + ": " + e.err.Error()
}

func (e *pathError) Unwrap() error { return e.err }
