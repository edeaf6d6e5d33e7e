package crdt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/godwit-sync/godwit/crdt"
)

// money is written by methods of its own, as a counter of cents.
type money struct{ cents int64 }

func (m money) MarshalCRDT() (any, error) { return crdt.Counter(m.cents), nil }

func (m *money) UnmarshalCRDT(v any) error {
	switch n := v.(type) {
	case crdt.Counter:
		m.cents = int64(n)
	case int64:
		m.cents = n
	default:
		return fmt.Errorf("%T is no amount", v)
	}
	return nil
}

type base struct {
	Created time.Time `crdt:"created"`
	Name    string    // the outer one hides it
}

type address struct {
	Street string `crdt:"street"`
	City   string `crdt:"city,immutable"`
}

type line struct {
	ID    string  `crdt:"id"`
	Title string  `crdt:"title"`
	Price float64 `crdt:"price"`
}

type color string

// everything has a field of every sort.
type everything struct {
	base
	Name    string               `crdt:"name"`
	Status  string               `crdt:"status,immutable"`
	Tags    []string             `crdt:"tags,immutable"`
	Words   []string             `crdt:"words,omitempty"`
	Plain   crdt.ImmutableString `crdt:"plain"`
	Likes   crdt.Counter         `crdt:"likes"`
	Big     crdt.Int64           `crdt:"big"`
	Bits    crdt.Uint64          `crdt:"bits"`
	Age     int8                 `crdt:"age"`
	Size    uint16               `crdt:"size"`
	Ratio   float32              `crdt:"ratio"`
	Price   float64              `crdt:"price"`
	Done    bool                 `crdt:"done"`
	Raw     []byte               `crdt:"raw"`
	Sum     [4]byte              `crdt:"sum"`
	Pair    [2]int               `crdt:"pair"`
	Home    address              `crdt:"home"`
	Work    *address             `crdt:"work"`
	Boss    *everything          `crdt:"boss,omitempty"`
	Note    *string              `crdt:"note,omitempty"`
	Rooms   map[string]int       `crdt:"rooms"`
	Colors  map[color]address    `crdt:"colors"`
	Hosts   map[netip.Addr]bool  `crdt:"hosts"`
	IP      netip.Addr           `crdt:"ip"`
	Huge    *big.Int             `crdt:"huge"`
	Cost    money                `crdt:"cost"`
	Lines   []line               `crdt:"lines,key=id"`
	Grid    [][]int              `crdt:"grid"`
	Any     any                  `crdt:"any"`
	Free    map[string]any       `crdt:"free"`
	Secret  string               `crdt:"-"`
	private int
}

func full() everything {
	note := "a note"
	return everything{
		base: base{Created: noon}, Name: "Ada", Status: "open", Tags: []string{"x", "y"}, Words: []string{"a"},
		Plain: "p", Likes: 3, Big: math.MinInt64, Bits: math.MaxUint64, Age: -7, Size: 9, Ratio: 0.1, Price: 2, Done: true,
		Raw: []byte{0, 255}, Sum: [4]byte{1, 2}, Pair: [2]int{3, 4}, Home: address{"Kungsgatan", "Göteborg"},
		Work: &address{City: "Wellington"}, Boss: &everything{Name: "Grace", Note: &note, Lines: []line{}},
		Rooms: map[string]int{"a": 1, "b c": 2}, Colors: map[color]address{"red": {Street: "s"}},
		Hosts: map[netip.Addr]bool{netip.MustParseAddr("::1"): true}, IP: netip.MustParseAddr("10.0.0.1"),
		Huge: new(big.Int).Lsh(big.NewInt(1), 100), Cost: money{1250},
		Lines: []line{{"1", "milk", 1.5}, {"2", "bread", 3}}, Grid: [][]int{{1}, {}, {2, 3}},
		Any: []any{int64(1), "two", nil}, Free: map[string]any{"k": map[string]any{"n": int64(5)}, "c": crdt.Counter(2)},
	}
}

// write makes a document say what a value does and returns how many operations
// that took.
func write(tb testing.TB, d *crdt.Doc, v any) uint64 {
	tb.Helper()
	c := edit(tb, d, func(root crdt.Map) error { return root.Reconcile(v) })
	if c == nil {
		return 0
	}
	return c.Ops
}

// readAs reads a document into a type.
func readAs[T any](tb testing.TB, d *crdt.Doc) T {
	tb.Helper()
	var v T
	if err := d.View(func(root crdt.Map) error { return root.Hydrate(&v) }); err != nil {
		tb.Fatal(err)
	}
	return v
}

func TestStructsComeBack(t *testing.T) {
	for _, v := range []everything{full(), {}} {
		d := newDoc(t, "ada", nil)
		if write(t, d, v) == 0 {
			t.Error("a new record is written whole")
		}
		got := readAs[everything](t, d)
		if ops := write(t, d, got); ops != 0 {
			t.Errorf("what was read, written back, makes %d operations", ops)
		}
		if ops := write(t, d, &v); ops != 0 {
			t.Errorf("what was written, written again, makes %d operations", ops)
		}
		again := newDoc(t, "bob", nil)
		write(t, again, got)
		if content(t, again) != content(t, d) {
			t.Errorf("a copy says\n%s, want\n%s", content(t, again), content(t, d))
		}
		if v.Name != "" && !reflect.DeepEqual(clean(got), clean(v)) {
			t.Errorf("came back as\n%+v, want\n%+v", got, v)
		}
	}
}

// clean drops what empty collections differ in, and what isn't written.
func clean(v everything) everything {
	v.Secret, v.private, v.Boss = "", 0, nil
	return v
}

func TestStructsAreWrittenAsTheyShould(t *testing.T) {
	d := newDoc(t, "ada", nil)
	write(t, d, full())
	err := d.View(func(root crdt.Map) error {
		for path, want := range map[string]crdt.Kind{
			"name": crdt.KindText, "status": crdt.KindString, "tags/0": crdt.KindString, "words/0": crdt.KindText,
			"likes": crdt.KindCounter, "big": crdt.KindInt, "bits": crdt.KindUint, "size": crdt.KindInt, "price": crdt.KindFloat,
			"raw": crdt.KindBytes, "sum": crdt.KindBytes, "created": crdt.KindTime, "boss/work": crdt.KindNull,
			"boss/words": crdt.KindAbsent, "boss/boss": crdt.KindAbsent, "hosts/::1": crdt.KindBool, "ip": crdt.KindString,
			"huge": crdt.KindString, "cost": crdt.KindCounter, "lines/0/id": crdt.KindString, "lines/0/title": crdt.KindText,
			"home/city": crdt.KindString, "Secret": crdt.KindAbsent, "private": crdt.KindAbsent,
		} {
			v := root.At()
			for step := range strings.SplitSeq(path, "/") {
				if step == "0" {
					v = v.At(0)
				} else {
					v = v.At(step)
				}
			}
			if v.Kind() != want {
				t.Errorf("%s is %s, want %s", path, v.Kind(), want)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestStructWritesLittle counts the operations of single edits.
func TestStructWritesLittle(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(v *everything)
		ops  uint64
	}{
		"a letter":                  {func(v *everything) { v.Name = "Adam" }, 1},
		"a chosen string":           {func(v *everything) { v.Status = "done" }, 1},
		"a counter":                 {func(v *everything) { v.Likes += 5 }, 1},
		"an amount":                 {func(v *everything) { v.Cost.cents -= 50 }, 1},
		"a nested field":            {func(v *everything) { v.Home.City = "Malmö" }, 1},
		"a pointer gone":            {func(v *everything) { v.Work = nil }, 1},
		"a pointer left out":        {func(v *everything) { v.Boss = nil }, 1},
		"a key":                     {func(v *everything) { v.Rooms["d"] = 4 }, 1},
		"another key gone":          {func(v *everything) { delete(v.Rooms, "a") }, 1},
		"a list's item":             {func(v *everything) { v.Tags = []string{"x", "new", "y"} }, 1},
		"an item in front":          {func(v *everything) { v.Grid = append([][]int{{9}}, v.Grid...) }, 2},
		"an item's field":           {func(v *everything) { v.Lines[1].Price = 4 }, 1},
		"an item gone":              {func(v *everything) { v.Lines = v.Lines[1:] }, 1},
		"a list emptied":            {func(v *everything) { v.Words = nil }, 1},
		"a time":                    {func(v *everything) { v.Created = v.Created.Add(time.Hour) }, 1},
		"less than a time can hold": {func(v *everything) { v.Created = v.Created.Add(time.Microsecond) }, 0},
		"what isn't written":        {func(v *everything) { v.Secret, v.private = "s", 1 }, 0},
	} {
		d := newDoc(t, "ada", nil)
		write(t, d, full())
		v := readAs[everything](t, d)
		c.edit(&v)
		if ops := write(t, d, v); ops != c.ops {
			t.Errorf("%s takes %d operations, want %d", name, ops, c.ops)
		}
	}
}

// What the struct doesn't know stays, and so does what nobody has set.
func TestStructLeavesOthersAlone(t *testing.T) {
	type small struct {
		Name string   `crdt:"name"`
		Tags []string `crdt:"tags"`
		Age  int      `crdt:"age"`
		Kind string   `crdt:"kind"`
	}
	d := newDoc(t, "ada", func(root crdt.Map) error {
		return errors.Join(root.Set("name", "Ada"), root.Set("other", 1), root.Set("age", nil), root.Set("godwit:key", crdt.ImmutableString("k")))
	})
	v := readAs[small](t, d)
	if write(t, d, v) != 0 {
		t.Errorf("fields that are not there are zero, and written back: %s", content(t, d))
	}
	v.Tags = append(v.Tags, "x")
	write(t, d, v)
	says(t, d, `{"age":null,"godwit:key":"k","name":"Ada","other":1,"tags":["x"]}`)
	write(t, d, map[string]any{"name": "Bob"})
	says(t, d, `{"godwit:key":"k","name":"Bob"}`)
	if free := readAs[map[string]any](t, d); len(free) != 1 {
		t.Errorf("the record says %v, want its name alone", free)
	}
}

func TestHydrateReadsWhatFits(t *testing.T) {
	d := newDoc(t, "ada", nil)
	write(t, d, full())
	edit(t, d, func(root crdt.Map) error {
		return errors.Join(
			root.Set("age", 300), root.Set("done", "yes"), root.Set("home", []any{1}), root.Set("price", crdt.Int64(4)),
			root.Get("tags").List().Set(0, 5), root.At("lines", 1).Map().Set("price", true),
			root.Get("lines").List().Insert(0, "no item"), root.Get("rooms").Map().Set("b c", "two"),
			root.Set("pair", []any{1, 2, 3}), root.Set("ip", "nowhere"), root.Set("cost", "much"), root.Set("ratio", 1e300),
			root.Set("size", -1), root.Set("raw", "text"))
	})
	var v everything
	err := d.View(func(root crdt.Map) error { return root.Hydrate(&v) })
	if !errors.Is(err, crdt.ErrMismatch) {
		t.Fatal(err)
	}
	for _, path := range []string{
		"age", "done", "home", "tags[0]", "lines[0].id", "lines[2].price", `rooms["b c"]`, "pair", "ip", "cost", "ratio", "size", "raw",
	} {
		if !strings.Contains("\n"+err.Error(), "\n"+path+": ") {
			t.Errorf("nothing is said of %s: %v", path, err)
		}
	}
	if v.Name != "Ada" || v.Price != 4 || len(v.Lines) != 2 || v.Lines[1].Title != "bread" || v.Tags[1] != "y" || len(v.Rooms) != 1 {
		t.Errorf("the rest is %+v", v)
	}
	if ops := write(t, d, v); ops != 0 {
		t.Errorf("written back, what couldn't be read makes %d operations", ops)
	}
	v.Age, v.Lines[1].Price, v.Tags[0] = 30, 2, "z"
	write(t, d, v)
	now := readAs[map[string]any](t, d)
	if now["age"] != int64(30) || now["done"] != "yes" || len(now["lines"].([]any)) != 3 || now["lines"].([]any)[0] != "no item" {
		t.Errorf("the document says %v", now)
	}
}

// Strings of JavaScript are texts or plain, and stay what they are.
func TestStringsStayWhatTheyAre(t *testing.T) {
	type names struct{ Text, Plain string }
	type chosen struct {
		Text, Plain crdt.ImmutableString
	}
	d := newDoc(t, "ada", func(root crdt.Map) error {
		return errors.Join(root.Set("Text", "one"), root.Set("Plain", crdt.ImmutableString("two")))
	})
	b, err := d.Fork(actor("bob"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, d, names{"one!", "two!"})
	write(t, b, chosen{"(one", "two"})
	if err := d.Merge(b); err != nil {
		t.Fatal(err)
	}
	if v := readAs[names](t, d); v != (names{"(one!", "two!"}) {
		t.Errorf("merged to %+v", v)
	}
	_ = d.View(func(root crdt.Map) error {
		if root.Get("Text").Kind() != crdt.KindText || root.Get("Plain").Kind() != crdt.KindString {
			t.Errorf("they are %s and %s now", root.Get("Text").Kind(), root.Get("Plain").Kind())
		}
		return nil
	})
}

// Who empties a list doesn't take away what others put in.
func TestEmptiedIsNotDeleted(t *testing.T) {
	type list struct {
		Words []string          `crdt:"words,omitempty"`
		Text  string            `crdt:"text,omitempty"`
		Map   map[string]string `crdt:"map,omitempty"`
		N     int               `crdt:"n,omitempty"`
	}
	a := newDoc(t, "ada", nil)
	write(t, a, list{[]string{"x"}, "text", map[string]string{"k": "v"}, 1})
	b, err := a.Fork(actor("bob"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, a, list{})
	says(t, a, `{"map":{},"text":"","words":[]}`)
	write(t, b, list{[]string{"x", "y"}, "text!", map[string]string{"k": "v", "l": "w"}, 1})
	if err := a.Merge(b); err != nil {
		t.Fatal(err)
	}
	says(t, a, `{"map":{"l":"w"},"text":"!","words":["y"]}`)
	fresh := newDoc(t, "cy", nil)
	write(t, fresh, list{})
	says(t, fresh, `{}`)
}

type (
	loop     struct{ Next *loop }
	knot     *knot
	wrapped  struct{ Inner any }
	clash    struct{ A, B int }
	clashing struct {
		clash
		other
	}
	other  struct{ A string }
	half   struct{ N int }
	coarse struct{ A, B int }
	failed struct{}
)

func (half) MarshalCRDT() (any, error) { return 1, nil }

func (c coarse) MarshalText() ([]byte, error)  { return fmt.Append(nil, c.A), nil }
func (c *coarse) UnmarshalText(b []byte) error { _, err := fmt.Sscan(string(b), &c.A); return err }

func (failed) MarshalCRDT() (any, error)  { return nil, errors.New("no") }
func (*failed) UnmarshalCRDT(v any) error { return nil }

// TestReconcileRefusesBeforeItWrites also looks where an error says it is.
func TestReconcileRefusesBeforeItWrites(t *testing.T) {
	round := &loop{}
	round.Next = round
	var tied knot
	tied = &tied
	cycle := map[string]any{}
	cycle["self"] = cycle
	turns := []any{nil}
	turns[0] = turns
	for name, bad := range map[string]struct {
		v    any
		want error
		path string
	}{
		"a channel":  {struct{ A struct{ C chan int } }{}, crdt.ErrInvalid, "A.C: "},
		"a function": {struct{ A map[string][]func() }{}, crdt.ErrInvalid, "A: "},
		"a complex number": {struct {
			A int
			Z complex128
		}{}, crdt.ErrInvalid, "Z: "},
		"a dynamic function": {map[string]any{"a": 1, "list": []any{1, map[string]any{"f": func() {}}}}, crdt.ErrInvalid, "list[1].f: "},
		"an interface":       {struct{ E error }{}, crdt.ErrInvalid, "E: "},
		"a handle":           {struct{ T crdt.Text }{}, crdt.ErrInvalid, "T: "},
		"no UTF-8": {struct {
			A string
			B []string
		}{"a", []string{"\xff"}}, crdt.ErrInvalid, "B[0]: "},
		"a key of no UTF-8": {struct{ M map[string]int }{map[string]int{"\xff": 1}}, crdt.ErrInvalid, `M["\xff"]: `},
		"an empty key":      {struct{ M map[string]int }{map[string]int{"": 1}}, crdt.ErrEmptyKey, `M[""]: `},
		"NaN as a key":      {struct{ M map[float64]int }{map[float64]int{math.NaN(): 1}}, crdt.ErrInvalid, "M: "},
		"two keys in one":   {struct{ M map[coarse]int }{map[coarse]int{{1, 1}: 1, {1, 2}: 2}}, crdt.ErrInvalid, "M.1: "},
		"a ring":            {round, crdt.ErrTooDeep, "Next.Next."},
		"a pointer's ring": {struct {
			A int
			P any
		}{1, tied}, crdt.ErrTooDeep, "P: "},
		"a map in itself":  {cycle, crdt.ErrTooDeep, "self.self."},
		"a list in itself": {wrapped{turns}, crdt.ErrTooDeep, "Inner[0][0]"},
		"an unsafe integer": {struct {
			A int
			L []int64
		}{1, []int64{1, 1 << 53}}, crdt.ErrUnsafeInteger, "L[1]: "},
		"a time beyond all years": {struct {
			A int
			L []time.Time
		}{1, []time.Time{{}, time.Date(300_000_000, 1, 1, 0, 0, 0, 0, time.UTC)}}, crdt.ErrInvalid, "L[1]: "},
		"a duration too long": {struct {
			A int
			D time.Duration
		}{1, math.MaxInt64}, crdt.ErrUnsafeInteger, "D: "},
		"two of one key": {struct {
			A int
			L []line `crdt:"l,key=id"`
		}{1, []line{{ID: "x"}, {ID: "x"}}}, crdt.ErrInvalid, "l[1].id: "},
		"an item of nothing": {struct {
			L []*line `crdt:"l,key=id"`
		}{[]*line{nil}}, crdt.ErrInvalid, "l[0].id: "},
		"no such key": {struct {
			L []line `crdt:"l,key=no"`
		}{}, crdt.ErrInvalid, "l: "},
		"a key of strings": {struct {
			L []string `crdt:"l,key=no"`
		}{}, crdt.ErrInvalid, "l: "},
		"two of one name": {struct {
			A int `crdt:"x"`
			B int `crdt:"x"`
		}{}, crdt.ErrInvalid, "x: "},
		"two embedded": {clashing{}, crdt.ErrInvalid, "A: "},
		"an unknown option": {struct {
			A int `crdt:"a,omitemtpy"`
		}{}, crdt.ErrInvalid, "A: "},
		"an immutable int": {struct {
			A int `crdt:"a,immutable"`
		}{}, crdt.ErrInvalid, "a: "},
		"a name of ours": {struct {
			A int `crdt:"godwit:deleted"`
		}{}, crdt.ErrInvalid, "A: "},
		"half a marshaler": {struct{ H half }{}, crdt.ErrInvalid, "H: "},
		"a failed marshaler": {struct {
			A int
			F failed
		}{}, crdt.ErrInvalid, "F: "},
		"nothing":       {nil, crdt.ErrInvalid, ""},
		"a nil pointer": {(*line)(nil), crdt.ErrInvalid, ""},
		"a number":      {5, crdt.ErrInvalid, ""},
	} {
		d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("A", 7) })
		c := edit(t, d, func(root crdt.Map) error {
			if err := root.Reconcile(bad.v); !errors.Is(err, bad.want) || !strings.HasPrefix(err.Error(), bad.path) {
				t.Errorf("%s: %v, want %v at %s", name, err, bad.want, bad.path)
			}
			return nil
		})
		if c != nil {
			t.Errorf("%s: refused, and yet %d operations", name, c.Ops)
		}
	}
}

func TestHydrateRefuses(t *testing.T) {
	d := newDoc(t, "ada", nil)
	for _, into := range []any{nil, line{}, (*line)(nil), map[string]any{}, new(chan int)} {
		err := d.View(func(root crdt.Map) error { return root.Hydrate(into) })
		if !errors.Is(err, crdt.ErrInvalid) {
			t.Errorf("%T: %v", into, err)
		}
	}
	if err := d.View(func(root crdt.Map) error { return root.Reconcile(line{}) }); !errors.Is(err, crdt.ErrReadOnly) {
		t.Error(err)
	}
	if _, err := d.Change(func(root crdt.Map) error { return root.Get("no").Map().Reconcile(line{}) }); !errors.Is(err, crdt.ErrAbsent) {
		t.Error(err)
	}
}

// TestNewIsWrittenWhole: the zero fields of a new record, too, so that others
// find the containers that they write into. Those of an older one are nobody's.
func TestNewIsWrittenWhole(t *testing.T) {
	type record struct {
		Home  address `crdt:"home"`
		Lines []line  `crdt:"lines,key=id"`
		Name  string  `crdt:"name"`
	}
	const whole = `{"home":{"city":"","street":""},"lines":[],"name":""}`
	d := newDoc(t, "ada", nil)
	write(t, d, record{})
	says(t, d, whole)
	for before, want := range map[string]string{
		"name": `{"home":{"city":"Malmö","street":""},"name":""}`,
		"home": `{"home":{"city":"Malmö"}}`, // others may be filling it, too
	} {
		d = newDoc(t, "ada", func(root crdt.Map) error {
			if before == "home" {
				return root.Set("home", map[string]any{})
			}
			return root.Set("name", "")
		})
		write(t, d, record{Home: address{City: "Malmö"}})
		says(t, d, want)
	}
	edit(t, d, func(root crdt.Map) error { return root.Set("copy", record{}) })
	if !strings.Contains(content(t, d), whole) {
		t.Errorf("set, a struct is not written whole: %s", content(t, d))
	}
}

// What turns out too late to be impossible can't be half written.
func TestReconcileIsNeverHalfWritten(t *testing.T) {
	type record struct {
		A int
		C crdt.Counter
	}
	d := newDoc(t, "ada", nil)
	write(t, d, record{1, 1 - 1<<53})
	for _, ignore := range []bool{true, false} {
		_, err := d.Change(func(root crdt.Map) error {
			err := root.Reconcile(record{2, 1<<53 - 1})
			if !errors.Is(err, crdt.ErrUnsafeInteger) || !strings.HasPrefix(err.Error(), "C: ") {
				t.Error(err)
			}
			if ignore {
				return nil
			}
			return err
		})
		if !errors.Is(err, crdt.ErrUnsafeInteger) || strings.Count(err.Error(), "C: ") != 1 {
			t.Errorf("the change says %v", err)
		}
	}
	says(t, d, `{"A":1,"C":-9007199254740991}`)
}

func TestHydrateNumbers(t *testing.T) {
	for _, c := range []struct {
		there any
		into  any // a pointer
		want  any // nil if it doesn't fit
	}{
		{5, new(float32), float32(5)},
		{5.0, new(int), 5},
		{5.5, new(int), nil},
		{math.Inf(1), new(int64), nil},
		{math.NaN(), new(uint), nil},
		{crdt.Counter(5), new(uint8), uint8(5)},
		{crdt.Counter(5), new(float64), 5.0},
		{5, new(crdt.Counter), crdt.Counter(5)},
		{256, new(uint8), nil},
		{-1, new(uint), nil},
		{crdt.Uint64(math.MaxUint64), new(uint64), uint64(math.MaxUint64)},
		{crdt.Uint64(math.MaxUint64), new(int64), nil},
		{crdt.Uint64(5), new(int8), int8(5)},
		{crdt.Uint64(math.MaxUint64), new(float64), float64(math.MaxUint64)},
		{crdt.Int64(math.MinInt64), new(crdt.Int64), crdt.Int64(math.MinInt64)},
		{0.5, new(json.Number), json.Number("0.5")},
		{7, new(json.Number), json.Number("7")},
		{crdt.Uint64(math.MaxUint64), new(json.Number), json.Number("18446744073709551615")},
		{math.NaN(), new(json.Number), nil},
		{"7", new(int), nil},
		{true, new(int), nil},
		{nil, new(int), 0},
	} {
		d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("n", c.there) })
		holder := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "N", Type: reflect.TypeOf(c.into).Elem(), Tag: `crdt:"n"`}}))
		err := d.View(func(root crdt.Map) error { return root.Hydrate(holder.Interface()) })
		got := holder.Elem().Field(0).Interface()
		switch {
		case c.want == nil:
			if !errors.Is(err, crdt.ErrMismatch) || !reflect.ValueOf(got).IsZero() {
				t.Errorf("%#v in %T: %v, %v", c.there, c.into, got, err)
			}
		case err != nil || got != c.want:
			t.Errorf("%#v in %T: %v, %v", c.there, c.into, got, err)
		}
		if ops := write(t, d, holder.Interface()); ops != 0 {
			t.Errorf("%#v as %T, written back, makes %d operations", c.there, c.into, ops)
		}
	}
}

// Somebody who fills a list with what doesn't belong there can't make an error as
// long as it.
func TestMismatchesAreCounted(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("tags", make([]int, 1000)) })
	var v everything
	err := d.View(func(root crdt.Map) error { return root.Hydrate(&v) })
	if !errors.Is(err, crdt.ErrMismatch) || !strings.Contains(err.Error(), "984 more places") || len(err.Error()) > 4000 || len(v.Tags) != 1000 {
		t.Errorf("%d tags, %v", len(v.Tags), err)
	}
}

// Many may meet a type for the first time at once.
func TestTypesAreLearntByMany(t *testing.T) {
	type node struct {
		Children map[string]*node
		Next     []node
	}
	d := newDoc(t, "ada", nil)
	write(t, d, map[string]any{"Children": map[string]any{"a": map[string]any{"Next": []any{map[string]any{}}}}})
	s := snapshot(t, d)
	var group errgroup.Group
	for range 16 {
		group.Go(func() error {
			var v node
			if err := s.Hydrate(&v); err != nil || len(v.Children["a"].Next) != 1 {
				return fmt.Errorf("%+v: %w", v, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}
