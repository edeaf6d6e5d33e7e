package query

import (
	"strings"
)

// field is a place in a record, as its name says it.
type field struct {
	name string
	path []string
}

// parseField splits a name at its dots. A backslash makes a dot, or another
// backslash, part of a key. It returns false for a name with an empty key, or
// with another use of backslashes.
func parseField(name string) (field, bool) {
	f := field{name: name}
	if strings.ContainsRune(name, 0) {
		return f, false
	}
	if !strings.Contains(name, `\`) {
		f.path = strings.Split(name, ".")
	} else if !f.unescape() {
		return f, false
	}
	for _, key := range f.path {
		if key == "" {
			return f, false
		}
	}
	return f, true
}

// unescape splits a name in which there are backslashes.
func (f *field) unescape() bool {
	var key strings.Builder
	for i := 0; i < len(f.name); i++ {
		switch c := f.name[i]; c {
		case '.':
			f.path = append(f.path, key.String())
			key.Reset()
		case '\\':
			if i++; i == len(f.name) || f.name[i] != '.' && f.name[i] != '\\' {
				return false
			}
			key.WriteByte(f.name[i])
		default:
			key.WriteByte(c)
		}
	}
	f.path = append(f.path, key.String())
	return true
}

// of returns what the field holds, nil if that is nothing.
func (f field) of(fields Fields) any {
	v, _ := fields.Lookup(f.path...)
	return v
}
