package query_test

import (
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/query"
)

type (
	department string
	level      uint8
)

// price is a value that says itself what it is in a document.
type price struct{ cents int }

func (p *price) MarshalCRDT() (any, error) { return crdt.Counter(p.cents), nil }
func (p *price) UnmarshalCRDT(any) error   { return nil }

// What users say in other words is the same query.
func TestSameQueries(t *testing.T) {
	text, when := "Ada", time.Date(2026, 3, 4, 5, 6, 7, 8_900_000, time.FixedZone("", 3600))
	for name, q := range map[string][2]query.Query{
		"named types":  {query.Where("a").Is(department("R&D")), query.Where("a").Is("R&D")},
		"small ones":   {query.Where("a").In(level(3), int32(4), float32(0.5)), query.Where("a").In(uint64(3), int64(4), 0.5)},
		"pointers":     {query.Where("a").Is(&text), query.Where("a").Is("Ada")},
		"no pointer":   {query.Where("a").Is((*string)(nil)), query.Where("a").Is(nil)},
		"one slice":    {query.Where("a").In([]string{"x", "y"}), query.Where("a").In("x", "y")},
		"an int":       {query.Where("a").Above(3), query.Where("a").Above(int64(3))},
		"microseconds": {query.Where("a").Is(when), query.Where("a").Is(when.Truncate(time.Millisecond).UTC())},
		"marshalers":   {query.Where("a").In(price{3}, &price{4}), query.Where("a").In(3, 4)},
		"texts":        {query.Where("a").Is(netip.MustParseAddr("::1")), query.Where("a").Is("::1")},
		"an array":     {query.Where("a").Is([2]byte{1, 2}), query.Where("a").Is([]byte{1, 2})},
		"JSON numbers": {query.Where("a").In([]json.Number{"-1", "18446744073709551615", "1e3"}), query.Where("a").In(-1, uint64(math.MaxUint64), 1e3)},
	} {
		if q[0].Err() != nil || !reflect.DeepEqual(q[0], q[1]) {
			t.Errorf("%s: %v (%v) is not %v", name, q[0], q[0].Err(), q[1])
		}
	}
}

// A query that others are built on stays as it is.
func TestQueriesDoNotChange(t *testing.T) {
	base := query.Where("a").Is(1).And("b").Is(2).And("c").Is(3).OrderBy("a", "b", "c")
	text := base.String()
	one, two := base.And("d").Is(4).OrderBy("d"), base.And("e").Is(5).OrderByDesc("e").Reverse().Limit(3)
	if base.String() != text {
		t.Errorf("it became %v", base)
	}
	if want := strings.Replace(text, "c is 3", "c is 3 and d is 4", 1) + ", d"; one.String() != want {
		t.Errorf("got %v, want %v", one, want)
	}
	if want := strings.Replace(text, "c is 3", "c is 3 and e is 5", 1) + ", e descending, in reverse, the first 3"; two.String() != want {
		t.Errorf("got %v, want %v", two, want)
	}
}

// What makes no sense is said when the query is run, with the field and the
// reason, and the first one wins.
func TestSenselessQueries(t *testing.T) {
	for why, q := range map[string]query.Query{
		"a is: no field can be compared with a chan int":          query.Where("a").Is(make(chan int)),
		`a is: strconv.ParseFloat: parsing "x": invalid syntax`:   query.Where("a").Is(json.Number("x")),
		"a.b in: no field can be compared with a func()":          query.Where("a.b").In(1, func() {}),
		"a is not: no field can be compared with a *struct {}":    query.Where("a").IsNot(&struct{}{}),
		"a is: no field can be compared with a []interface {}":    query.Where("a").Is([]any{1}).And("b").Is(make(chan int)),
		"a contains: no field can be compared with a map[string]": query.Where("a").Contains(map[string]int{}),
		"a is: a string that isn't UTF-8":                         query.Where("a").Is("a\xff"),
		"a begins with: a string that isn't UTF-8":                query.Where("a").Prefix("\xff"),
		"a is: a time that no document can hold":                  query.Where("a").Is(time.Unix(1<<60, 0)),
		"a above: no value is above or below nothing":             query.Where("a").Above(nil),
		"a at most: no value is above or below NaN":               query.Where("a").AtMost(math.NaN()),
		`a between: 1 and "b" are of different kinds`:             query.Where("a").Between(1, "b"),
		`"a..b": no field's name`:                                 query.Where("a..b").Exists(),
		`"": no field's name`:                                     query.Where("").Missing(),
		`"a\\": no field's name`:                                  query.Where(`a\`).Is(1),
		`order by "a\\b": no field's name`:                        query.Query{}.OrderBy(`a\b`),
		"order by 9 fields, more than 8":                          query.Query{}.OrderBy(strings.Split("abcdefghi", "")...),
		"a limit of -1":                                           query.Query{}.Limit(-1),
	} {
		if _, err := query.NewPlan(q, nil); !errors.Is(err, query.ErrInvalid) || !strings.Contains(err.Error(), why) {
			t.Errorf("%v: %v, want %s", q, err, why)
		}
	}
	for why, x := range map[string]query.Index{
		"0 fields": {}, "5 fields": {Fields: strings.Split("abcde", "")}, "a twice": {Fields: []string{"a", "a"}}, `"a.": no field's name`: {Fields: []string{"a."}},
	} {
		if _, err := query.NewPlan(query.Query{}, []query.Index{x}); !errors.Is(err, query.ErrInvalid) || !strings.Contains(err.Error(), why) {
			t.Errorf("%v: %v, want %s", x, err, why)
		}
	}
}

func TestKeysWithDots(t *testing.T) {
	w := newWorld()
	w.put(ids(1)[0], record{"a.b": map[string]any{`c\`: "here"}})
	if got := result(t, query.Where(`a\.b.c\\`).Is("here"), w, nil); len(got) != 1 {
		t.Errorf("found %v", got)
	}
}

func TestForeignCursors(t *testing.T) {
	w := newWorld()
	for _, id := range ids(3) {
		w.put(id, record{"a": 1})
	}
	cursor := result(t, query.Query{}.OrderBy("a"), w, nil)[0].Cursor()
	for name, q := range map[string]query.Query{
		"another order":     query.Query{}.OrderBy("b").After(cursor),
		"another direction": query.Query{}.OrderByDesc("a").After(cursor),
		"no cursor":         query.Query{}.OrderBy("a").After("hello"),
		"half a cursor":     query.Query{}.OrderBy("a").After(cursor[:9]),
		"a long one":        query.Query{}.OrderBy("a").After(strings.Repeat("A", 1<<20)),
	} {
		if _, err := query.NewPlan(q, nil); !errors.Is(err, query.ErrCursor) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzCursor(f *testing.F) {
	w := newWorld(query.Index{Number: 1, Fields: []string{"a"}})
	for i, id := range ids(3) {
		w.put(id, record{"a": i})
	}
	for _, q := range []query.Query{{}, query.Query{}.OrderBy("a"), query.Query{}.OrderByDesc("a", "b").Reverse()} {
		f.Add(result(f, q, w, nil)[1].Cursor(), true)
	}
	f.Fuzz(func(t *testing.T, cursor string, reverse bool) {
		q := query.Query{}.Limit(2).After(cursor)
		if reverse {
			q = q.Reverse()
		}
		if plans, err := query.Every(q, w.indexes); err == nil {
			for _, p := range plans {
				run(t, p, w)
			}
		} else if !errors.Is(err, query.ErrCursor) {
			t.Error(err)
		}
	})
}

var staff = []query.Index{
	{Number: 1, Fields: []string{"Department", "Name"}},
	{Number: 2, Fields: []string{"Age"}},
	{Number: 3, Fields: []string{"Tags", "Name"}},
}

func TestPlans(t *testing.T) {
	rnd := query.Where("Department").Is("R&D")
	for _, c := range []struct {
		query query.Query
		plan  string
	}{
		{rnd.And("Age").Above(30).OrderBy("Name").Limit(50), `
all records where Department is "R&D" and Age above 30 by Name, the first 50
1. index 1 (Department, Name): Department is "R&D", by Name, id
2. read each record, and keep it if Age above 30
3. stop after 50`},
		{rnd.And("Name").Prefix("A").OrderByDesc("Name"), `
all records where Department is "R&D" and Name begins with "A" by Name descending
1. index 1 (Department, Name): Department is "R&D" and Name begins with "A", by Name descending, id descending
2. read each record`},
		{query.Where("Department").In("R&D", "Sales").OrderBy("Name").Limit(10), `
all records where Department in ("R&D", "Sales") by Name, the first 10
1. index 1 (Department, Name): Department in ("R&D", "Sales"), in 2 ranges, by Name, id
2. read each record
3. stop after 10`},
		{query.Where("Tags").Contains("go").OrderBy("Name"), `
all records where Tags contains "go" by Name
1. index 3 (Tags, Name): Tags contains "go", in 3 ranges, by Name, id
2. read each record`},
		{query.Where("Age").Between(30, 40).OrderBy("Name"), `
all records where Age between 30 and 40 by Name
1. index 2 (Age): Age between 30 and 40
2. read each record
3. sort by Name, id`},
		{query.Where("Age").AtLeast(18).And("Age").Below(21).And("Name").IsNot("Ada"), `
all records where Age at least 18 and Age below 21 and Name is not "Ada"
1. index 2 (Age): Age at least 18 and Age below 21, by Age, id
2. read each record, and keep it if Name is not "Ada"`},
		{query.Where("City").Is("Oslo").OrderBy("Name").Limit(50), `
all records where City is "Oslo" by Name, the first 50
1. all records by id: no index begins with a field that is compared or sorted by
2. keep those where City is "Oslo"
3. sort by Name, id
4. stop after 50
An index on (City, Name) would help.`},
		{query.Query{}.OrderBy("Department").OrderByDesc("Name").Limit(5), `
all records by Department, Name descending, the first 5
1. all records by id: no index has an order in which some fields ascend and others descend
2. sort by Department, Name descending, id descending
3. stop after 5`},
		{query.Where("Age").Exists().OrderBy("Name").Limit(50), `
all records where Age exists by Name, the first 50
1. all records by id: index 2 (Age) would lead to too many of them
2. keep those where Age exists
3. sort by Name, id
4. stop after 50
An index on (Name) would help.`},
		{query.Query{}.OrderBy("Age"), `
all records by Age
1. index 2 (Age), by Age, id
2. read each record`},
		{query.Query{}, `
all records
1. all records by id: all are wanted`},
		{query.Where("Age").In().OrderBy("Name"), `
all records where Age in () by Name
1. nothing: no value fulfils all conditions`},
		{query.Where("Age").Above(3).And("Age").Below("b"), `
all records where Age above 3 and Age below "b"
1. nothing: no value fulfils all conditions`},
	} {
		if got := plan(t, c.query, staff).Explain(); got != strings.TrimPrefix(c.plan, "\n") {
			t.Errorf("got\n%s\nwant%s", got, c.plan)
		}
	}
}
