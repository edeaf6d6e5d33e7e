package query

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Field is a field that a condition is about to be said of.
type Field struct {
	query Query
	name  string
}

// operator is what a condition says of a field. Its text stands between the
// field and the values.
type operator string

const (
	opIs       operator = "is"
	opIsNot    operator = "is not"
	opIn       operator = "in"
	opAbove    operator = "above"
	opAtLeast  operator = "at least"
	opBelow    operator = "below"
	opAtMost   operator = "at most"
	opBetween  operator = "between"
	opPrefix   operator = "begins with"
	opContains operator = "contains"
	opMissing  operator = "is missing"
	opExists   operator = "exists"
)

// condition is what a field must be. Conditions of three sorts are told apart
// by what they have: points, the keys of the values that it may be (opIsNot:
// must not be; opContains: must have as an element); or a span of keys.
type condition struct {
	field
	op     operator
	values []any // as asked for, in their normal form
	points [][]byte
	span   span
	limit  int // the longest point or bound
}

// span is a range of keys, from inclusive, to exclusive.
type span struct{ from, to []byte }

// Is asks for fields that hold this value; nil for those that hold nothing.
func (f Field) Is(value any) Query { return f.points(opIs, value) }

// IsNot asks for all that [Field.Is] doesn't, those that hold nothing among
// them.
func (f Field) IsNot(value any) Query { return f.points(opIsNot, value) }

// In asks for fields that hold one of these values. One slice is as good as its
// elements.
func (f Field) In(values ...any) Query { return f.points(opIn, spread(values)...) }

// Missing asks for fields that hold nothing: null, or not there.
func (f Field) Missing() Query {
	q := f.points(opMissing, nil)
	if n := len(q.conditions); n > 0 {
		q.conditions[n-1].values = nil
	}
	return q
}

// Exists asks for fields that hold something.
func (f Field) Exists() Query {
	return f.add(condition{op: opExists, span: span{[]byte{tagNothing + 1}, []byte{tagEnd}}})
}

// Above asks for fields above a value of the same kind: numbers above a number,
// strings above a string.
func (f Field) Above(value any) Query {
	return f.ordered(opAbove, func(k [][]byte) span { return span{next(k[0]), kindEnd(k[0])} }, value)
}

// AtLeast asks for fields above a value, as with [Field.Above], or equal to it.
func (f Field) AtLeast(value any) Query {
	return f.ordered(opAtLeast, func(k [][]byte) span { return span{k[0], kindEnd(k[0])} }, value)
}

// Below asks for fields below a value of the same kind.
func (f Field) Below(value any) Query {
	return f.ordered(opBelow, func(k [][]byte) span { return span{kindStart(k[0]), k[0]} }, value)
}

// AtMost asks for fields below a value, or equal to it.
func (f Field) AtMost(value any) Query {
	return f.ordered(opAtMost, func(k [][]byte) span { return span{kindStart(k[0]), next(k[0])} }, value)
}

// Between asks for fields from one value to another of the same kind, both
// included.
func (f Field) Between(low, high any) Query {
	return f.ordered(opBetween, func(k [][]byte) span { return span{k[0], next(k[1])} }, low, high)
}

// Prefix asks for strings that begin with this.
func (f Field) Prefix(s string) Query {
	return f.ordered(opPrefix, func(k [][]byte) span {
		begin := bytes.TrimSuffix(k[0], []byte{terminator})
		return span{begin, next(begin)}
	}, s)
}

// Contains asks for lists with this value among their elements and, if it is a
// string, for strings that it is part of.
func (f Field) Contains(value any) Query { return f.points(opContains, value) }

func (f Field) points(op operator, values ...any) Query {
	c := condition{op: op}
	for _, v := range values {
		n, wrong := operand(v)
		if wrong != "" {
			return f.wrong(op, wrong)
		}
		c.values = append(c.values, n)
		c.points = append(c.points, appendKey(nil, n, whole))
	}
	slices.SortFunc(c.points, bytes.Compare)
	c.points = slices.CompactFunc(c.points, bytes.Equal)
	return f.add(c)
}

func (f Field) ordered(op operator, of func(keys [][]byte) span, values ...any) Query {
	c := condition{op: op}
	var keys [][]byte
	for _, v := range values {
		n, wrong := operand(v)
		if wrong != "" {
			return f.wrong(op, wrong)
		}
		key := appendKey(nil, n, whole)
		if key[0] == tagNothing || key[0] == tagNaN {
			return f.wrong(op, "no value is above or below "+literal(n))
		}
		c.values = append(c.values, n)
		keys = append(keys, key)
	}
	c.span = of(keys)
	if !bytes.Equal(kindStart(keys[0]), kindStart(keys[len(keys)-1])) {
		return f.wrong(op, fmt.Sprintf("%s and %s are of different kinds", literal(c.values[0]), literal(c.values[1])))
	}
	return f.add(c)
}

func (f Field) wrong(op operator, why string) Query {
	return f.query.failed(fmt.Errorf("%w: %s %s: %s", ErrInvalid, f.name, op, why))
}

func (f Field) add(c condition) Query {
	var ok bool
	if c.field, ok = parseField(f.name); !ok {
		return f.query.failed(fmt.Errorf("%w: %q: no field's name", ErrInvalid, f.name))
	}
	c.limit = max(len(c.span.from), len(c.span.to))
	for _, p := range c.points {
		c.limit = max(c.limit, len(p))
	}
	q := f.query
	q.conditions = append(slices.Clip(q.conditions), c)
	return q
}

// kindStart returns the lowest key of the values that key's is compared with.
func kindStart(key []byte) []byte {
	if key[0] == tagTrue {
		return []byte{tagFalse}
	}
	return key[:1:1]
}

func kindEnd(key []byte) []byte {
	if key[0] == tagFalse {
		return []byte{tagTrue + 1}
	}
	return []byte{key[0] + 1}
}

// holds reports whether the field is what it must be. It uses scratch, and
// returns it for the next. No key is made longer than the longest it is compared
// with: what is behind that can't make a difference.
func (c *condition) holds(fields Fields, scratch []byte) (bool, []byte) {
	v := c.of(fields)
	switch c.op {
	case opContains:
		return c.contains(v, scratch)
	case opIs, opIsNot, opIn, opMissing:
		found, scratch := c.among(v, scratch)
		return found != (c.op == opIsNot), scratch
	}
	scratch = appendKey(scratch[:0], v, c.limit)
	return c.span.has(scratch), scratch
}

func (s span) has(key []byte) bool {
	return bytes.Compare(key, s.from) >= 0 && bytes.Compare(key, s.to) < 0
}

// among reports whether a value is one of the points.
func (c *condition) among(v any, scratch []byte) (bool, []byte) {
	scratch = appendKey(scratch[:0], v, c.limit)
	_, found := slices.BinarySearchFunc(c.points, scratch, bytes.Compare)
	return found, scratch
}

func (c *condition) contains(v any, scratch []byte) (bool, []byte) {
	n, _ := normalized(v)
	switch n := n.(type) {
	case string:
		part, ok := c.values[0].(string)
		return ok && strings.Contains(n, part), scratch
	case []any:
		for _, element := range n {
			var found bool
			if found, scratch = c.among(element, scratch); found {
				return true, scratch
			}
		}
	}
	return false, scratch
}

// String says it as in a sentence.
func (c condition) String() string {
	parts := []string{c.name, string(c.op)}
	switch c.op {
	case opIn:
		all := make([]string, len(c.values))
		for i, v := range c.values {
			all[i] = literal(v)
		}
		parts = append(parts, "("+strings.Join(all, ", ")+")")
	case opBetween:
		parts = append(parts, literal(c.values[0]), "and", literal(c.values[1]))
	default:
		for _, v := range c.values {
			parts = append(parts, literal(v))
		}
	}
	return strings.Join(parts, " ")
}

// literal writes a value in its normal form.
func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		return strconv.Quote(v)
	case []byte:
		return "0x" + hex.EncodeToString(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case float64:
		if math.Trunc(v) == v && math.Abs(v) < 1e15 {
			return strconv.FormatFloat(v, 'f', 1, 64)
		}
	}
	return fmt.Sprint(v)
}
