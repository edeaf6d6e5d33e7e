package query

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Query says which records are wanted, in which order, and how many. Its zero
// value is all of them, by id.
//
// Every method returns another query and leaves this one as it was. What makes
// no sense is an error when the query is run ([Query.Err]).
type Query struct {
	conditions []condition
	order      []sortField
	reverse    bool
	limit      int // 0 = none
	after      string
	err        error
}

// sortField is a field to sort by.
type sortField struct {
	field
	descending bool
}

// Where begins a query with a condition on a field. A dot leads into a map:
// "address.city" (a dot or backslash in a key is written `\.` or `\\`).
func Where(field string) Field { return Query{}.And(field) }

// And adds a condition on a field. All must hold.
func (q Query) And(field string) Field { return Field{q, field} }

// OrderBy sorts by these fields, in ascending order, after those that were
// named before. What is equal in all of them is sorted by id, in the direction
// of the last that the conditions leave more than one value.
//
// Without an order, it is the plan's to choose, and the same on all pages.
func (q Query) OrderBy(fields ...string) Query { return q.sorted(fields, false) }

// OrderByDesc is OrderBy in descending order.
func (q Query) OrderByDesc(fields ...string) Query { return q.sorted(fields, true) }

// Reverse turns the whole order around, or around again.
func (q Query) Reverse() Query {
	q.reverse = !q.reverse
	return q
}

// maxLimit is above what any collection holds.
const maxLimit = 1 << 30

// Limit asks for the first n records only. 0 asks for all.
func (q Query) Limit(n int) Query {
	if n < 0 {
		return q.failed(fmt.Errorf("%w: a limit of %d", ErrInvalid, n))
	}
	q.limit = min(n, maxLimit)
	return q
}

// After goes on behind a match, whose [Match.Cursor] this is; "" begins at the
// start. The cursor is a position, not a record: what is inserted or deleted
// between pages neither repeats others nor hides them. With [Query.Reverse] it
// goes back from there.
func (q Query) After(cursor string) Query {
	q.after = cursor
	return q
}

// Checked returns the query with an error if check has one for a field that it
// names.
func (q Query) Checked(check func(path []string) error) Query {
	fields := make([]field, 0, len(q.conditions)+len(q.order))
	for _, c := range q.conditions {
		fields = append(fields, c.field)
	}
	for _, s := range q.order {
		fields = append(fields, s.field)
	}
	if err := checkAll(fields, check); err != nil {
		return q.failed(err)
	}
	return q
}

func checkAll(fields []field, check func(path []string) error) error {
	for _, f := range fields {
		if err := check(f.path); err != nil {
			return fmt.Errorf("%w: %q: %w", ErrInvalid, f.name, err)
		}
	}
	return nil
}

// Err returns why the query makes no sense, [ErrInvalid] in whole, or nil.
func (q Query) Err() error { return q.err }

func (q Query) failed(err error) Query {
	if q.err == nil {
		q.err = err
	}
	return q
}

func (q Query) sorted(fields []string, descending bool) Query {
	q.order = slices.Clip(q.order)
	for _, name := range fields {
		f, ok := parseField(name)
		if !ok {
			return q.failed(fmt.Errorf("%w: order by %q: no field's name", ErrInvalid, name))
		}
		if !slices.ContainsFunc(q.order, func(s sortField) bool { return s.name == name }) {
			q.order = append(q.order, sortField{f, descending})
		}
	}
	if len(q.order) > maxOrder {
		return q.failed(fmt.Errorf("%w: order by %d fields, more than %d", ErrInvalid, len(q.order), maxOrder))
	}
	return q
}

// String says what the query asks for.
func (q Query) String() string {
	var b strings.Builder
	b.WriteString("all records")
	for i, c := range q.conditions {
		b.WriteString([]string{" where ", " and "}[min(i, 1)])
		b.WriteString(c.String())
	}
	for i, s := range q.order {
		b.WriteString([]string{" by ", ", "}[min(i, 1)])
		b.WriteString(s.String())
	}
	if q.reverse {
		b.WriteString(", in reverse")
	}
	if q.limit > 0 {
		b.WriteString(", the first " + strconv.Itoa(q.limit))
	}
	if q.after != "" {
		b.WriteString(" after " + q.after)
	}
	return b.String()
}

func (s sortField) String() string {
	if s.descending {
		return s.name + " descending"
	}
	return s.name
}
