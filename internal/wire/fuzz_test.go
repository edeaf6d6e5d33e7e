package wire_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/internal/wire"
)

// FuzzDecode: nothing makes Decode panic, every failure has a reason, and what
// was read, written and read again is the same.
func FuzzDecode(f *testing.F) {
	for _, m := range append(every, collections...) {
		f.Add(wire.Append(nil, m))
	}
	for _, file := range []string{"js-2.5.6.json", "js-1.2.1.json"} {
		for _, frame := range load(f, file).Frames {
			f.Add(unhex(f, frame.Hex))
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		first, err := wire.Decode(frame)
		if err != nil {
			why := func(reason error) bool { return errors.Is(err, reason) }
			if !slices.ContainsFunc([]error{wire.ErrMalformed, wire.ErrType, wire.ErrField, wire.ErrDocument}, why) {
				t.Errorf("no reason for %v", err)
			}
			return
		}
		second, err := wire.Decode(wire.Append(nil, first))
		if err != nil {
			t.Fatalf("read again: %v\n%+v", err, first)
		}
		if !reflect.DeepEqual(first, second) {
			t.Errorf("read %+v, then %+v", first, second)
		}
	})
}
