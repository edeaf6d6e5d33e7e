package record

import (
	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// Overlay is Put of what write makes of a root, for values that leave what they
// don't name.
func Overlay(d *crdt.Doc, key string, want any, write func(root crdt.Map) error) ([]*change.Change, error) {
	shape, err := crdt.Containers(want)
	if err != nil {
		return nil, err
	}
	return putWith(d, key, shape, write)
}
