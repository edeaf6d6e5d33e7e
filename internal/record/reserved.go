package record

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/godwit-sync/godwit/crdt"
)

// The reserved names at a record's root.
const (
	// KeyName is where a natural key is, a plain string.
	KeyName = "godwit:key"
	// DeletedName is where a tombstone is, a plain string: its [Policy].
	DeletedName = "godwit:deleted"
)

// MaxKey is the longest natural key, in bytes.
const MaxKey = 1024

// Reserved reports whether a name at a record's root is no field of the record.
func Reserved(name string) bool { return strings.HasPrefix(name, crdt.ReservedPrefix) }

// ValidKey returns [ErrNoKey] unless key can be a natural key: valid UTF-8, not
// empty, at most [MaxKey] bytes.
func ValidKey(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("%w: it is empty", ErrNoKey)
	case len(key) > MaxKey:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrNoKey, len(key), MaxKey)
	case !utf8.ValidString(key):
		return fmt.Errorf("%w: %q is no UTF-8", ErrNoKey, key)
	}
	return nil
}

// CheckKey returns [ErrKey], which names both, if another key than that stands in
// the record, also beside it. A record that was begun by somebody who doesn't know
// keys has none.
func CheckKey(root crdt.Map, key string) error {
	if !root.Has(KeyName) {
		return nil
	}
	values, err := root.Conflicts(KeyName)
	if err != nil {
		return err
	}
	for _, v := range values {
		if !isString(v) || v.Str() != key {
			return fmt.Errorf("%w: it is that of %#v, not of %q", ErrKey, v.Any(), key)
		}
	}
	return nil
}

func isString(v crdt.Value) bool { return v.Kind() == crdt.KindString || v.Kind() == crdt.KindText }
