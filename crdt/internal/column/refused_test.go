package column_test

import (
	"errors"
	"testing"

	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// drain reads a column to its end, or to its first error.
func drain(data []byte, values column.Values) error {
	var r column.Runs
	r.Init(data, values)
	for !r.Ended() {
		if err := r.Load(); err != nil {
			return err
		}
		r.Left = 0
	}
	return nil
}

func TestRunsThatAutomergeWouldNotWriteAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		data   []byte
		values column.Values
		want   error
	}{
		"a run of one":            {[]byte{1, 5}, column.Unsigned, column.ErrRunOfOne},
		"no nulls":                {[]byte{0, 0}, column.Unsigned, column.ErrRunOfOne},
		"equal literals":          {[]byte{0x7e, 5, 5}, column.Unsigned, column.ErrRunsEqual},
		"a run like the last":     {[]byte{2, 5, 2, 5}, column.Unsigned, column.ErrRunsEqual},
		"literals after literals": {[]byte{0x7f, 5, 0x7f, 6}, column.Unsigned, column.ErrRunsEqual},
		"nulls after nulls":       {[]byte{2, 5, 0, 1, 0, 1}, column.Unsigned, column.ErrRunsEqual},
		"nulls only":              {[]byte{0, 9}, column.Unsigned, column.ErrNullColumn},
		"an endless run":          {[]byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 5}, column.Unsigned, column.ErrLongRun},
		"a run without value":     {[]byte{2}, column.Unsigned, column.ErrShort},
		"an overlong number":      {[]byte{2, 0x85, 0}, column.Unsigned, column.ErrOverlong},
		"a number of 64 bits":     {[]byte{2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, column.Unsigned, column.ErrTooLarge},
		"half a text":             {[]byte{2, 3, 'a'}, column.Text, column.ErrShort},
		"broken UTF-8":            {[]byte{2, 1, 0xff}, column.Text, column.ErrText},
		"equal texts":             {[]byte{0x7e, 1, 'a', 1, 'a'}, column.Text, column.ErrRunsEqual},
	} {
		if err := drain(c.data, c.values); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestValuesThatDontFitTheirTypeAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		kind uint8
		raw  string
		size int
		want error
	}{
		"null with bytes":         {0, "xx", 1, column.ErrValueSize},
		"an integer of no bytes":  {4, "", 0, column.ErrValueSize},
		"an overlong counter":     {8, "\x85\x00", 2, column.ErrValueLeb},
		"two integers in one":     {3, "\x01\x02", 2, column.ErrValueLeb},
		"half a float":            {5, "1234", 4, column.ErrValueSize},
		"a letter in two rows":    {6, "é", 1, column.ErrValueText},
		"half a letter":           {6, "aé", 2, column.ErrValueText},
		"any bytes":               {7, "\xff\xfe", 1, nil},
		"a type of tomorrow":      {12, "\xff", 1, nil},
		"letters of two bytes":    {6, "éä", 2, nil},
		"letters":                 {6, "abc", 1, nil},
		"texts without any bytes": {6, "", 0, nil},
	} {
		if err := column.CheckValues(c.kind, []byte(c.raw), c.size); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzRuns(f *testing.F) {
	f.Add([]byte{2, 5, 0x7e, 6, 7, 0, 3}, byte(0))
	f.Add([]byte{0x7f, 1, 'a'}, byte(column.Text))
	f.Fuzz(func(t *testing.T, data []byte, values byte) {
		v := column.Values(values % 3)
		if drain(data, v) != nil {
			return
		}
		// What was accepted is what a writer writes.
		var r column.Runs
		var w column.RunWriter
		for r.Init(data, v); !r.Ended(); r.Left = 0 {
			if err := r.Load(); err != nil {
				t.Fatal(err)
			}
			switch {
			case r.Null():
				w.AppendNull(r.Left)
			case v == column.Text:
				w.AppendText(r.Text, r.Left)
			case v == column.Signed:
				w.AppendInt(r.Num, r.Left)
			default:
				w.AppendUint(uint64(r.Num), r.Left)
			}
		}
		if got := w.Bytes(); string(got) != string(data) {
			t.Fatalf("%x is written as %x", data, got)
		}
	})
}
