package column_test

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// A run is a value, or null, in some rows.
type run struct {
	null bool
	num  int64
	n    int
}

func drawRuns(t *rapid.T, nulls bool, numbers *rapid.Generator[int64]) []run {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) run {
		return run{
			null: nulls && rapid.IntRange(0, 3).Draw(t, "null") == 0,
			num:  numbers.Draw(t, "num"),
			n:    rapid.IntRange(0, 4).Draw(t, "rows"),
		}
	}), 0, 30).Draw(t, "runs")
}

// few makes neighbours that are often equal, and some that need many bytes.
var few = rapid.OneOf(rapid.Int64Range(0, 2), rapid.SampledFrom([]int64{63, 64, 127, 128, 1<<63 - 1}))

var signed = rapid.OneOf(rapid.Int64Range(-2, 2), rapid.SampledFrom([]int64{-64, -65, 64, -1 << 63, 1<<63 - 1}))

// rows are the runs' values one by one; nil is null.
func rows(runs []run) (out []*int64) {
	for _, r := range runs {
		for range r.n {
			if r.null {
				out = append(out, nil)
			} else {
				out = append(out, &r.num)
			}
		}
	}
	return out
}

// readAll reads a column to its end; the step says how a value becomes a row.
func readAll(t *rapid.T, data []byte, values column.Values, want int) (out []*int64) {
	var r column.Runs
	r.Init(data, values)
	for len(out) < want {
		if err := r.Load(); err != nil {
			t.Fatal(err)
		}
		n := min(r.Left, want-len(out))
		if n == 0 {
			t.Fatalf("only %d rows of %d", len(out), want)
		}
		num := r.Num
		for range n {
			if r.Null() {
				out = append(out, nil)
			} else {
				out = append(out, &num)
			}
		}
		r.Left -= n
	}
	if !r.Ended() {
		t.Fatal("more rows than were written")
	}
	return out
}

func same(a, b *int64) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

func TestRunsAreWrittenAsTheirRowsAndReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, numbers := column.Unsigned, few
		if rapid.Bool().Draw(t, "signed") {
			values, numbers = column.Signed, signed
		}
		runs := drawRuns(t, true, numbers)
		var whole, single column.RunWriter
		whole.AppendUint(7, 3) // what Reset must forget
		whole.Reset()
		write := func(w *column.RunWriter, r run, n int) {
			switch {
			case r.null:
				w.AppendNull(n)
			case values == column.Signed:
				w.AppendInt(r.num, n)
			default:
				w.AppendUint(uint64(r.num), n)
			}
		}
		for _, r := range runs {
			write(&whole, r, r.n)
			for range r.n {
				write(&single, r, 1)
			}
		}
		got, want := whole.Bytes(), single.Bytes()
		if !bytes.Equal(got, want) {
			t.Fatalf("runs %x, rows %x", got, want)
		}
		all := rows(runs)
		if !slices.EqualFunc(readAll(t, got, values, len(all)), all, same) {
			t.Fatalf("%x reads as other rows", got)
		}
	})
}

func TestTextsAreWrittenAsTheirRowsAndReadBack(t *testing.T) {
	texts := []string{"", "a", "b", "ab", string(bytes.Repeat([]byte("x"), 200))}
	rapid.Check(t, func(t *rapid.T) {
		runs := drawRuns(t, true, rapid.Int64Range(0, int64(len(texts)-1)))
		var whole, single column.RunWriter
		for _, r := range runs {
			if r.null {
				whole.AppendNull(r.n)
			} else {
				whole.AppendText([]byte(texts[r.num]), r.n)
			}
			for range r.n {
				if r.null {
					single.AppendNull(1)
				} else {
					single.AppendString(texts[r.num], 1)
				}
			}
		}
		if !bytes.Equal(whole.Bytes(), single.Bytes()) {
			t.Fatalf("runs %x, rows %x", whole.Bytes(), single.Bytes())
		}
		var r column.Runs
		r.Init(whole.Bytes(), column.Text)
		for i, want := range rows(runs) {
			if err := r.Load(); err != nil {
				t.Fatal(err)
			}
			if r.Null() != (want == nil) || want != nil && string(r.Text) != texts[*want] {
				t.Fatalf("row %d is %q", i, r.Text)
			}
			r.Left--
		}
		if !r.Ended() {
			t.Fatal("more rows than were written")
		}
	})
}

func TestProgressionsAreWrittenAsTheirRowsAndReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runs := drawRuns(t, true, rapid.Int64Range(-5, 5))
		steps := rapid.SliceOfN(rapid.Int64Range(-2, 2), len(runs), len(runs)).Draw(t, "steps")
		var whole, single column.DeltaWriter
		var want []*int64
		for i, r := range runs {
			if r.null {
				whole.AppendNull(r.n)
			} else {
				whole.AppendRun(r.num, steps[i], r.n)
			}
			for k := range r.n {
				if r.null {
					single.AppendNull(1)
					want = append(want, nil)
					continue
				}
				v := r.num + int64(k)*steps[i]
				single.Append(v)
				want = append(want, &v)
			}
		}
		got := whole.Bytes()
		if !bytes.Equal(got, single.Bytes()) {
			t.Fatalf("runs %x, rows %x", got, single.Bytes())
		}
		at := int64(0)
		for i, delta := range readAll(t, got, column.Signed, len(want)) {
			if delta != nil {
				at += *delta
				delta = &at
			}
			if !same(delta, want[i]) {
				t.Fatalf("row %d reads as another", i)
			}
		}
	})
}

func TestBooleansAreWrittenAsTheirRowsAndReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runs := drawRuns(t, false, rapid.Int64Range(0, 1))
		var whole, single column.FlipWriter
		for _, r := range runs {
			whole.Append(r.num == 1, r.n)
			for range r.n {
				single.Append(r.num == 1, 1)
			}
		}
		got := whole.Bytes()
		if !bytes.Equal(got, single.Bytes()) {
			t.Fatalf("runs %x, rows %x", got, single.Bytes())
		}
		var f column.Flips
		f.Init(got)
		for i, want := range rows(runs) {
			if err := f.Load(); err != nil {
				t.Fatal(err)
			}
			if f.Left < 1 || f.Value != (*want == 1) {
				t.Fatalf("row %d is %v", i, f.Value)
			}
			f.Left--
		}
		if !f.Ended() {
			t.Fatal("more rows than were written")
		}
	})
}

func TestNumbersAreWrittenAsShortAsCanBeAndReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(signed, rapid.Int64()).Draw(t, "v")
		b := column.AppendSleb(nil, v)
		if got, n, err := column.Sleb(append(b, 0xff)); got != v || n != len(b) || err != nil {
			t.Fatalf("%d reads as %d, %d bytes of %d, %v", v, got, n, len(b), err)
		}
		u := uint64(v)
		b = column.AppendUleb(nil, u)
		if got, n, err := column.Uleb(append(b, 0xff)); got != u || n != len(b) || err != nil {
			t.Fatalf("%d reads as %d, %d bytes of %d, %v", u, got, n, len(b), err)
		}
		if len(b) != column.UlebSize(u) {
			t.Fatalf("%d takes %d bytes, not %d", u, len(b), column.UlebSize(u))
		}
	})
}

func TestWritersUsedAgainAllocateNothing(t *testing.T) {
	var w column.RunWriter
	var d column.DeltaWriter
	var f column.FlipWriter
	text := []byte("a name of more than thirty-two bytes, so that no small buffer holds it")
	write := func() {
		w.Reset()
		d.Reset()
		f.Reset()
		for i := range 100 {
			w.AppendText(text[i%9:], 1+i%2)
			d.AppendRun(int64(i), 3, 5)
			f.Append(i%2 == 0, 3)
		}
		w.Bytes()
		d.Bytes()
		f.Bytes()
	}
	write()
	if n := testing.AllocsPerRun(10, write); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
