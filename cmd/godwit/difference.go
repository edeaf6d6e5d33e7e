package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// maxDifferences is how many differences a line tells.
const maxDifferences = 3

// differences says in short what makes one JSON value another.
func differences(before, after any) []string {
	var d differ
	d.compare(nil, before, after)
	if more := len(d.found) - maxDifferences; more > 0 {
		return append(d.found[:maxDifferences], fmt.Sprintf("and %d more", more))
	}
	return d.found
}

type differ struct{ found []string }

func (d *differ) add(at pointer, format string, args ...any) {
	d.found = append(d.found, oneLine(at.name())+" "+fmt.Sprintf(format, args...))
}

func (d *differ) compare(at pointer, before, after any) {
	if reflect.DeepEqual(before, after) {
		return
	}
	switch b := before.(type) {
	case map[string]any:
		if a, ok := after.(map[string]any); ok {
			d.maps(at, b, a)
			return
		}
	case []any:
		if a, ok := after.([]any); ok {
			d.lists(at, b, a)
			return
		}
	case string:
		if a, ok := after.(string); ok {
			d.texts(at, []rune(b), []rune(a))
			return
		}
	}
	d.add(at, "%s → %s", short(before), short(after))
}

func (d *differ) maps(at pointer, before, after map[string]any) {
	keys := slices.Collect(maps.Keys(before))
	for key := range after {
		if _, both := before[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		there := append(slices.Clone(at), key)
		was, had := before[key]
		is, has := after[key]
		switch {
		case !had:
			d.add(there, "= %s", short(is))
		case !has:
			d.add(there, "deleted")
		default:
			d.compare(there, was, is)
		}
	}
}

func (d *differ) lists(at pointer, before, after []any) {
	if len(before) == len(after) {
		for i := range before {
			d.compare(append(slices.Clone(at), fmt.Sprint(i)), before[i], after[i])
		}
		return
	}
	equal := func(a, b any) bool { return reflect.DeepEqual(a, b) }
	gone, made := middle(before, after, equal)
	d.add(at, "%s", plusMinus(len(made), len(gone), "items"))
}

// maxQuoted is the length of a text that is told in full.
const maxQuoted = 24

func (d *differ) texts(at pointer, before, after []rune) {
	if len(before) <= maxQuoted && len(after) <= maxQuoted {
		d.add(at, "%s → %s", short(string(before)), short(string(after)))
		return
	}
	gone, made := middle(before, after, func(a, b rune) bool { return a == b })
	d.add(at, "%s", plusMinus(len(made), len(gone), "letters"))
}

// middle takes away what two sequences have in common at the ends.
func middle[T any](a, b []T, equal func(T, T) bool) ([]T, []T) {
	for len(a) > 0 && len(b) > 0 && equal(a[0], b[0]) {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && equal(a[len(a)-1], b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

func plusMinus(plus, minus int, what string) string {
	switch {
	case minus == 0:
		return fmt.Sprintf("+%d %s", plus, what)
	case plus == 0:
		return fmt.Sprintf("−%d %s", minus, what)
	default:
		return fmt.Sprintf("+%d −%d %s", plus, minus, what)
	}
}

func short(value any) string {
	data, err := json.Marshal(value)
	if err != nil { // it was JSON before
		return err.Error()
	}
	return oneLine(string(data))
}
