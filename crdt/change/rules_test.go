package change_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
)

// editable returns a draft of one operation, in a list, that replaces another.
func editable() *change.Draft {
	other := change.OpID{Counter: 3, Actor: "b"}
	return &change.Draft{
		Actor: "a", Seq: 7, StartOp: 10, Deps: []change.Hash{{1}, {2}},
		Ops: []change.Op{{
			Obj: change.OpID{Counter: 1, Actor: "a"}, Key: change.ElemKey(other),
			Action: change.ActionSet, Value: change.Text("x"), Pred: []change.OpID{other},
		}},
	}
}

func refusal(t *testing.T, err error) *change.InvalidError {
	t.Helper()
	var invalid *change.InvalidError
	if !errors.As(err, &invalid) || !errors.Is(err, change.ErrInvalid) {
		t.Fatalf("not a refusal: %v", err)
	}
	return invalid
}

func TestDraftsThatBreakARule(t *testing.T) {
	a := func(counter uint64) change.OpID { return change.OpID{Counter: counter, Actor: "a"} }
	b := func(counter uint64) change.OpID { return change.OpID{Counter: counter, Actor: "b"} }
	head := change.ElemKey(change.OpID{})
	for name, test := range map[string]struct {
		rule change.Rule
		edit func(*change.Draft, *change.Op)
	}{
		"seq zero":          {change.RuleHeader, func(d *change.Draft, _ *change.Op) { d.Seq = 0 }},
		"seq too large":     {change.RuleHeader, func(d *change.Draft, _ *change.Op) { d.Seq = change.MaxCounter + 1 }},
		"start zero":        {change.RuleHeader, func(d *change.Draft, _ *change.Op) { d.StartOp = 0 }},
		"start too large":   {change.RuleHeader, func(d *change.Draft, _ *change.Op) { d.StartOp = change.MaxCounter + 1 }},
		"last op too large": {change.RuleCounter, func(d *change.Draft, op *change.Op) { d.StartOp = change.MaxCounter; d.Ops = append(d.Ops, *op) }},
		"no actor":          {change.RuleHeader, func(d *change.Draft, _ *change.Op) { d.Actor = "" }},
		"long actor": {change.RuleLimit, func(d *change.Draft, _ *change.Op) {
			d.Actor = change.ActorID(strings.Repeat("a", change.MaxActorSize+1))
		}},
		"dep twice":         {change.RuleHeader, func(d *change.Draft, _ *change.Op) { d.Deps = append(d.Deps, d.Deps[0]) }},
		"many deps":         {change.RuleLimit, func(d *change.Draft, _ *change.Op) { d.Deps = make([]change.Hash, change.MaxDeps+1) }},
		"long message":      {change.RuleLimit, func(d *change.Draft, _ *change.Op) { d.Message = strings.Repeat("m", change.MaxMessage+1) }},
		"message not UTF-8": {change.RuleHeader, func(d *change.Draft, _ *change.Op) { d.Message = "\xff" }},
		"much extra":        {change.RuleLimit, func(d *change.Draft, _ *change.Op) { d.Extra = make([]byte, change.MaxExtra+1) }},
		"object of its own": {change.RuleCounter, func(_ *change.Draft, op *change.Op) { op.Obj = a(10) }},
		"object to come":    {change.RuleCounter, func(_ *change.Draft, op *change.Op) { op.Obj = b(11) }},
		"element to come":   {change.RuleCounter, func(_ *change.Draft, op *change.Op) { op.Key = change.ElemKey(b(10)) }},
		"element zero":      {change.RuleCounter, func(_ *change.Draft, op *change.Op) { op.Key = change.ElemKey(b(0)) }},
		"element of root":   {change.RuleKey, func(_ *change.Draft, op *change.Op) { op.Obj = change.OpID{} }},
		"head as element":   {change.RuleKey, func(_ *change.Draft, op *change.Op) { op.Key = head }},
		"key not UTF-8":     {change.RuleEncoding, func(_ *change.Draft, op *change.Op) { op.Key = change.MapKey("\xff") }},
		"pred to come":      {change.RuleCounter, func(_ *change.Draft, op *change.Op) { op.Pred = []change.OpID{b(10)} }},
		"pred twice":        {change.RulePred, func(_ *change.Draft, op *change.Op) { op.Pred = []change.OpID{b(3), b(3)} }},
		"preds descending":  {change.RulePred, func(_ *change.Draft, op *change.Op) { op.Pred = []change.OpID{b(3), b(2)} }},
		"preds by actor":    {change.RulePred, func(_ *change.Draft, op *change.Op) { op.Pred = []change.OpID{b(3), a(3)} }},
		"delete without": {change.RulePred, func(_ *change.Draft, op *change.Op) {
			op.Action = change.ActionDelete
			op.Value = change.Value{}
			op.Pred = nil
		}},
		"delete with value": {change.RuleOperation, func(_ *change.Draft, op *change.Op) { op.Action = change.ActionDelete }},
		"insert with pred":  {change.RulePred, func(_ *change.Draft, op *change.Op) { op.Insert = true }},
		"increment by text": {change.RuleOperation, func(_ *change.Draft, op *change.Op) { op.Action = change.ActionIncrement }},
		"null with bytes":   {change.RuleValue, func(_ *change.Draft, op *change.Op) { op.Value.Type = change.ValueNull }},
		"long integer": {change.RuleValue, func(_ *change.Draft, op *change.Op) {
			op.Value = change.Value{Type: change.ValueInt, Raw: []byte{0x80, 0}}
		}},
		"two integers": {change.RuleValue, func(_ *change.Draft, op *change.Op) {
			op.Value = change.Value{Type: change.ValueUint, Raw: []byte{1, 1}}
		}},
		"no integer": {change.RuleValue, func(_ *change.Draft, op *change.Op) { op.Value = change.Value{Type: change.ValueCounter} }},
		"short float": {change.RuleValue, func(_ *change.Draft, op *change.Op) {
			op.Value = change.Value{Type: change.ValueFloat, Raw: make([]byte, 4)}
		}},
		"text not UTF-8":     {change.RuleValue, func(_ *change.Draft, op *change.Op) { op.Value = change.Text("\xc3") }},
		"mark name not text": {change.RuleEncoding, func(_ *change.Draft, op *change.Op) { bad := "\xff"; op.Action, op.MarkName = change.ActionMark, &bad }},
	} {
		t.Run(name, func(t *testing.T) {
			d := editable()
			test.edit(d, &d.Ops[0])
			_, err := d.Encode()
			if got := refusal(t, err); got.Rule != test.rule {
				t.Errorf("refused by %s (%s), want %s", got.Rule, got.Detail, test.rule)
			}
		})
	}
}

// TestColumnsThatAreNotCanonical edits single columns of a valid change.
func TestColumnsThatAreNotCanonical(t *testing.T) {
	const action, valueMeta, predActor, expand, newest = 66, 86, 113, 148, 176
	d := editable()
	d.Ops = append(d.Ops, d.Ops[0], d.Ops[0])
	valid, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		rule   change.Rule
		column uint64
		data   []byte
	}{
		"as it was":              {"", action, []byte{3, 1}},
		"runs of one":            {change.RuleEncoding, action, []byte{1, 1, 2, 1}},
		"runs that should join":  {change.RuleEncoding, action, []byte{2, 1, 0x7f, 1}},
		"literals of equals":     {change.RuleEncoding, action, []byte{0x7d, 1, 1, 1}},
		"literals that go on":    {change.RuleEncoding, action, []byte{0x7e, 1, 2, 0x7f, 1}},
		"a long count":           {change.RuleEncoding, action, []byte{0x83, 0, 1}},
		"a null":                 {change.RuleRows, action, []byte{2, 1, 0, 1}},
		"nulls only":             {change.RuleEncoding, action, []byte{0, 3}},
		"no nulls":               {change.RuleEncoding, action, []byte{0, 0, 3, 1}},
		"too few rows":           {change.RuleRows, action, []byte{2, 1}},
		"too many rows":          {change.RuleRows, action, []byte{4, 1}},
		"cut short":              {change.RuleEncoding, action, []byte{3}},
		"a run of 2⁴⁰":           {change.RuleRows, action, []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 1}},
		"no rows":                {change.RuleColumns, action, []byte{}},
		"longer values":          {change.RuleValue, valueMeta, []byte{3, 0x26}},
		"shorter values":         {change.RuleValue, valueMeta, []byte{3, 0x06}},
		"enormous values":        {change.RuleValue, valueMeta, []byte{3, 0xf6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
		"an actor too many":      {change.RuleActor, predActor, []byte{3, 2}},
		"more preds than counts": {change.RulePred, predActor, []byte{4, 1}},
		"fewer preds":            {change.RulePred, predActor, []byte{2, 1}},
		"false only":             {change.RuleEncoding, expand, []byte{3}},
		"a boolean run of none":  {change.RuleEncoding, expand, []byte{1, 0, 2}},
		"an unknown column":      {"", newest, []byte{1, 2, 3}},
		"a deflated column":      {change.RuleColumns, newest | 8, []byte{1, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			header, specs, data := change.Sections(valid)
			if i := slices.Index(specs, test.column); i >= 0 {
				data[i] = test.data
			} else {
				i, _ := slices.BinarySearch(specs, test.column)
				specs, data = slices.Insert(specs, i, test.column), slices.Insert(data, i, test.data)
			}
			c, err := change.Parse(change.Seal(change.Join(header, specs, data)))
			if test.rule != "" {
				if got := refusal(t, err); got.Rule != test.rule {
					t.Errorf("refused by %s (%s), want %s", got.Rule, got.Detail, test.rule)
				}
			} else if err != nil {
				t.Error(err)
			} else if c.NewerFormat != (test.column == newest) {
				t.Errorf("newer format: %v", c.NewerFormat)
			}
		})
	}
}

func TestActorsThatNobodyNames(t *testing.T) {
	d := editable()
	d.Ops = nil
	c, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	header, specs, data := change.Sections(c)
	header = append(header[:len(header)-1:len(header)-1], 1, 1, 'b')
	_, err = change.Parse(change.Seal(change.Join(header, specs, data)))
	if got := refusal(t, err); got.Rule != change.RuleActor {
		t.Errorf("refused by %s", got.Rule)
	}
}

func TestUnknownActionsAreKept(t *testing.T) {
	d := editable()
	d.Ops[0].Action = 8
	c, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !c.NewerFormat {
		t.Error("not taken for a newer format")
	}
}

func TestRefusedChangesAreNamed(t *testing.T) {
	good, err := editable().Encode()
	if err != nil {
		t.Fatal(err)
	}
	header, specs, data := change.Sections(good)
	data[len(data)-1] = []byte{1, 1}
	_, err = change.Parse(change.Seal(change.Join(header, specs, data)))
	got := refusal(t, err)
	if got.Hash == (change.Hash{}) || got.Actor != "a" || got.Seq != 7 || !slices.Equal(got.Deps, good.Deps) {
		t.Errorf("refused as %+v", got)
	}
}

func TestFramesThatAreBroken(t *testing.T) {
	good, err := editable().Encode()
	if err != nil {
		t.Fatal(err)
	}
	edit := func(f func([]byte) []byte) []byte { return f(bytes.Clone(good.Bytes())) }
	set := func(at int, v byte) []byte { return edit(func(b []byte) []byte { b[at] = v; return b }) }
	for name, test := range map[string]struct {
		rule  change.Rule
		chunk []byte
	}{
		"empty":       {change.RuleFrame, nil},
		"magic":       {change.RuleFrame, set(0, 0)},
		"checksum":    {change.RuleChecksum, set(4, good.Bytes()[4]+1)},
		"body":        {change.RuleChecksum, set(20, good.Bytes()[20]+1)},
		"document":    {change.RuleFrame, set(8, change.TypeDocument)},
		"bundle":      {change.RuleFrame, set(8, change.TypeBundle)},
		"not deflate": {change.RuleInflate, set(8, change.TypeCompressed)},
		"cut":         {change.RuleFrame, edit(func(b []byte) []byte { return b[:len(b)-1] })},
		"trailing":    {change.RuleFrame, edit(func(b []byte) []byte { return append(b, 0) })},
		"long length": {change.RuleFrame, edit(func(b []byte) []byte { b[9] |= 0x80; return slices.Insert(b, 10, 0) })},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := change.Parse(test.chunk)
			if got := refusal(t, err); got.Rule != test.rule || got.Hash != (change.Hash{}) {
				t.Errorf("refused by %s as %s, want %s", got.Rule, got.Hash, test.rule)
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	for shift := range 64 {
		for _, v := range []uint64{1 << shift, 1<<shift - 1, 1<<shift + 1} {
			if got, n, err := change.Uleb(change.AppendUleb(nil, v)); got != v || n != len(change.AppendUleb(nil, v)) || err != nil {
				t.Errorf("%d reads as %d: %v", v, got, err)
			}
			for _, s := range []int64{int64(v), -int64(v)} {
				if got, n, err := change.Sleb(change.AppendSleb(nil, s)); got != s || n != len(change.AppendSleb(nil, s)) || err != nil {
					t.Errorf("%d reads as %d: %v", s, got, err)
				}
			}
		}
	}
	ff := bytes.Repeat([]byte{0xff}, 10)
	for _, b := range [][]byte{{}, {0x80}, {0x80, 0}, ff, append(ff[:9:9], 2), append(ff[:10:10], 1)} {
		if v, _, err := change.Uleb(b); err == nil {
			t.Errorf("%x reads as %d", b, v)
		}
	}
	for _, b := range [][]byte{{}, {0x80}, {0x80, 0}, {0xff, 0x7f}, ff, append(ff[:9:9], 1), append(ff[:9:9], 0x7f)} {
		if v, _, err := change.Sleb(b); err == nil {
			t.Errorf("%x reads as %d", b, v)
		}
	}
	if v := change.Int(math.MinInt64).Int(); v != math.MinInt64 {
		t.Errorf("the smallest integer reads as %d", v)
	}
}

// allocated returns the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestManyOperationsCostWhatTheirBytesCost(t *testing.T) {
	few, many := keystroke(t), longestOf(t, "240,000 letters", 240_000)
	parse := func(chunk []byte) func() {
		return func() {
			if _, err := change.Parse(chunk); err != nil {
				t.Error(err)
			}
		}
	}
	deletion := findDeletion(t)
	if base, got := allocated(parse(few)), allocated(parse(deletion)); got > base+1024 {
		t.Errorf("%d bytes allocated for a deletion of 240,000 letters, %d for a keystroke", got, base)
	}
	if got := allocated(parse(many)); got > 16<<10 {
		t.Errorf("%d bytes allocated for 240,000 letters", got)
	}
}

// findDeletion returns the recorded change of fewest bytes and most operations.
func findDeletion(t *testing.T) []byte {
	for _, g := range readGolden(t, "testdata/golden-3.5.0.json.gz") {
		if g.Ops == 240_000 && len(g.Chunk) < 200 {
			return g.Chunk
		}
	}
	t.Fatal("no such change")
	return nil
}

func TestInflatingStopsAtTheLimit(t *testing.T) {
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range change.MaxChunk/len(zeros) + 64 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	chunk := change.Seal(deflated.Bytes())
	chunk[8] = change.TypeCompressed
	if got := allocated(func() {
		_, err := change.Parse(chunk)
		if got := refusal(t, err); got.Rule != change.RuleLimit {
			t.Errorf("refused by %s", got.Rule)
		}
	}); got > 3*change.MaxChunk {
		t.Errorf("%d bytes allocated", got)
	}
}

func TestRunsBeyondTheLimitsCostNothing(t *testing.T) {
	d := editable()
	d.Ops = append(d.Ops, d.Ops[0])
	c, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	header, specs, data := change.Sections(c)
	bomb := change.AppendSleb(nil, 1<<39)
	for i, column := range data {
		if column[0] == 2 { // a run of two, or a boolean run: make it 2³⁹
			data[i] = append(bytes.Clone(bomb), column[1:]...)
		}
	}
	chunk := change.Seal(change.Join(header, specs, data))
	if got := allocated(func() {
		_, err := change.Parse(chunk)
		refusal(t, err)
	}); got > 16<<10 {
		t.Errorf("%d bytes allocated for %d", got, len(chunk))
	}
}
