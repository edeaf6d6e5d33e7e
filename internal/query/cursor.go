package query

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// A cursor is base64url text of: a version, the names of the order's fields,
// each with its direction before and a zero behind it, another zero, and a
// rank in that order, not reversed.
const (
	cursorVersion   = 1
	cursorAscend    = '+'
	cursorDescend   = '-'
	maxCursorLength = 8 << 10
)

// cursor returns the text for a rank.
func (o order) cursor(rank []byte) string {
	raw := []byte{cursorVersion}
	for _, s := range o.fields {
		direction := byte(cursorAscend)
		if s.descending {
			direction = cursorDescend
		}
		raw = append(append(append(raw, direction), s.name...), 0)
	}
	raw = append(raw, 0)
	start := len(raw)
	raw = append(raw, rank...)
	if o.reverse {
		complement(raw[start:])
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// parseCursor returns the order that a cursor is of, reversed as asked, and the
// rank in it.
func parseCursor(text string, reverse bool) (order, []byte, error) {
	o := order{reverse: reverse}
	if len(text) > maxCursorLength {
		return o, nil, fmt.Errorf("%w: %d letters", ErrCursor, len(text))
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 || raw[0] != cursorVersion {
		return o, nil, ErrCursor
	}
	rest := string(raw[1:])
	for {
		name, after, ok := strings.Cut(rest, "\x00")
		if rest = after; !ok || len(o.fields) > maxOrder {
			return o, nil, ErrCursor
		}
		if name == "" {
			break
		}
		f, ok := parseField(name[1:])
		if !ok || name[0] != cursorAscend && name[0] != cursorDescend {
			return o, nil, ErrCursor
		}
		o.fields = append(o.fields, sortField{f, name[0] == cursorDescend})
	}
	if len(rest) < docid.Size {
		return o, nil, ErrCursor
	}
	rank := []byte(rest)
	if reverse {
		complement(rank)
	}
	return o, rank, nil
}

// same reports whether both put records in one order.
func (o order) same(p order) bool {
	return o.reverse == p.reverse && slices.EqualFunc(o.fields, p.fields, func(a, b sortField) bool {
		return a.name == b.name && a.descending == b.descending
	})
}
