package docid

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	tagSize = 6
	// MaxName is the longest name of a collection, in bytes.
	MaxName = 256

	versionByte, versionMask, versionBits = 6, 0x0f, 0x80
	variantByte, variantMask, variantBits = 8, 0x3f, 0x80
)

// ErrName is returned for a text that can't be a collection's name.
var ErrName = errors.New("docid: not a collection's name")

// Tag is what the ids of one collection's records begin with. It is an index,
// not a proof: two names can have the same tag.
type Tag [tagSize]byte

// CollectionTag returns the tag of the collection of that name.
func CollectionTag(name string) Tag {
	sum := sha256.Sum256([]byte("godwit collection\x00" + name))
	return Tag(sum[:tagSize])
}

// CheckName returns [ErrName] unless name can be a collection's: valid UTF-8,
// not empty, at most [MaxName] bytes, without NUL.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrName)
	case len(name) > MaxName:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrName, len(name), MaxName)
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: %q is not UTF-8", ErrName, name)
	case strings.ContainsRune(name, 0):
		return fmt.Errorf("%w: %q contains NUL", ErrName, name)
	}
	return nil
}

// NewRecord returns a random id of a record, a UUIDv8, in the collection with
// that tag.
func NewRecord(tag Tag) ID {
	var free [Size - tagSize]byte
	_, _ = rand.Read(free[:]) // never fails, says its documentation
	return record(tag, free[:])
}

// RecordFor returns the id of the record that has a natural key in the
// collection of that name: the same everywhere.
func RecordFor(name, key string) ID {
	sum := sha256.Sum256([]byte("godwit key\x00" + name + "\x00" + key))
	return record(CollectionTag(name), sum[:Size-tagSize])
}

// Tag returns the tag of the collection that the record belongs to, and false
// if the id is no record's.
func (id ID) Tag() (Tag, bool) {
	if id[versionByte]&^versionMask != versionBits || id[variantByte]&^variantMask != variantBits {
		return Tag{}, false
	}
	return Tag(id[:tagSize]), true
}

func record(tag Tag, free []byte) ID {
	var id ID
	copy(id[:], tag[:])
	copy(id[tagSize:], free)
	id[versionByte] = id[versionByte]&versionMask | versionBits
	id[variantByte] = id[variantByte]&variantMask | variantBits
	return id
}
