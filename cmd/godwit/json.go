package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/godwit-sync/godwit/crdt"
)

// decode reads one JSON value, with numbers as they were written. It is stricter
// than its library where that would lose what somebody wrote: a key that occurs
// twice is an error. Errors say in which line and column.
func decode(data []byte) (any, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	var check any
	var wrong *json.SyntaxError
	if err := json.Unmarshal(data, &check); errors.As(err, &wrong) {
		return nil, fmt.Errorf("%s: %w", place(data, wrong.Offset-1), err)
	} else if err != nil {
		return nil, err
	}
	r := reader{data: data, Decoder: json.NewDecoder(bytes.NewReader(data))}
	r.UseNumber()
	return r.value(0)
}

// place says where an offset is.
func place(data []byte, offset int64) string {
	before := data[:min(max(offset, 0), int64(len(data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("line %d, column %d", line, column)
}

// reader builds a value of what is known to be JSON.
type reader struct {
	*json.Decoder
	data []byte
}

func (r reader) value(depth int) (any, error) {
	token, err := r.Token()
	switch {
	case err != nil:
		return nil, err
	case depth > crdt.MaxDepth:
		return nil, fmt.Errorf("%s: %w", place(r.data, r.InputOffset()), crdt.ErrTooDeep)
	case token == json.Delim('{'):
		return r.object(depth)
	case token == json.Delim('['):
		return r.array(depth)
	}
	return token, nil
}

func (r reader) object(depth int) (any, error) {
	object := map[string]any{}
	for r.More() {
		key, err := r.Token()
		if err != nil {
			return nil, err
		}
		name := key.(string) // JSON has no other keys
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("%s: the key %q is there a second time", place(r.data, r.InputOffset()-1), name)
		}
		if object[name], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := r.Token()
	return object, err
}

func (r reader) array(depth int) (any, error) {
	array := []any{}
	for r.More() {
		item, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		array = append(array, item)
	}
	_, err := r.Token()
	return array, err
}

// decodeObject reads a whole document.
func decodeObject(data []byte) (map[string]any, error) {
	value, err := decode(data)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("a document is a JSON object, {…}, and this is something else")
	}
	return object, nil
}

// decodeLoosely reads JSON, or takes for a string what isn't meant to be JSON.
func decodeLoosely(text string) (any, error) {
	value, err := decode([]byte(text))
	if err != nil && text != "" && strings.ContainsAny(text[:1], `{["`) {
		return nil, fmt.Errorf("%w: %s looks like JSON, but %w; --string takes it as it is", errUsage, text, err)
	}
	if err != nil {
		return text, nil
	}
	return value, nil
}

// indented is JSON for people.
func indented(data []byte) []byte {
	var b bytes.Buffer
	if json.Indent(&b, data, "", "  ") != nil { // it is no JSON
		return data
	}
	return b.Bytes()
}

// writeJSON writes one value as a line.
func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
