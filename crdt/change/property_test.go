package change_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt/change"
)

// drawDraft makes drafts that break no rule: whatever they hold, Automerge
// would write it.
func drawDraft(t *rapid.T) *change.Draft {
	actors := []change.ActorID{"m", "a", "z\xff", "mm"}
	d := &change.Draft{
		Actor:   "m",
		Seq:     rapid.Uint64Range(1, 300).Draw(t, "seq"),
		StartOp: rapid.Uint64Range(2, 300).Draw(t, "start"),
		Time:    rapid.Int64().Draw(t, "time"),
		Message: rapid.String().Draw(t, "message"),
	}
	earlier := func(at uint64) change.OpID {
		return change.OpID{
			Counter: rapid.Uint64Range(1, at-1).Draw(t, "counter"),
			Actor:   rapid.SampledFrom(actors).Draw(t, "actor"),
		}
	}
	// Few different operations, each several times: so there are runs.
	ops := rapid.IntRange(0, 40).Draw(t, "ops")
	for at := d.StartOp; len(d.Ops) < ops; {
		op := drawOp(t, at, earlier)
		for range rapid.IntRange(1, 4).Draw(t, "times") {
			d.Ops = append(d.Ops, op)
			at++
		}
	}
	return d
}

func drawOp(t *rapid.T, at uint64, earlier func(uint64) change.OpID) change.Op {
	op := change.Op{Action: change.Action(rapid.IntRange(0, 7).Draw(t, "action"))}
	if rapid.Bool().Draw(t, "in list") {
		op.Obj, op.Key = earlier(at), change.ElemKey(earlier(at))
		op.Insert = op.Action != change.ActionDelete && rapid.Bool().Draw(t, "insert")
		if op.Insert && rapid.Bool().Draw(t, "head") {
			op.Key = change.ElemKey(change.OpID{})
		}
	} else {
		op.Key = change.MapKey(rapid.SampledFrom([]string{"", "k", "länger"}).Draw(t, "key"))
		if rapid.Bool().Draw(t, "nested") {
			op.Obj = earlier(at)
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "preds") {
		op.Pred = append(op.Pred, earlier(at))
	}
	slices.SortFunc(op.Pred, change.OpID.Compare)
	op.Pred = slices.Compact(op.Pred)
	switch {
	case op.Insert:
		op.Pred = nil
	case op.Action == change.ActionDelete && op.Pred == nil:
		op.Pred = []change.OpID{earlier(at)}
	}
	drawValue(t, &op)
	return op
}

func drawValue(t *rapid.T, op *change.Op) {
	switch op.Action {
	case change.ActionDelete:
	case change.ActionIncrement:
		op.Value = change.Int(rapid.Int64().Draw(t, "by"))
	default:
		op.Value = rapid.SampledFrom([]change.Value{
			{},
			change.Bool(true), change.Bool(false), change.Uint(1<<64 - 1), change.Uint(0), change.Int(-1 << 63),
			change.Int(64), change.Float(1.5), change.Text("x"), change.Text(""), change.Text("🙂"), change.Bytes([]byte{0xff}),
			change.Counter(-64), change.Timestamp(1 << 40),
			{Type: 12, Raw: []byte{1, 2}},
			{Type: 15},
		}).Draw(t, "value")
	}
	if op.Action == change.ActionMark {
		op.Expand = rapid.Bool().Draw(t, "expand")
		if rapid.Bool().Draw(t, "begins") {
			name := rapid.SampledFrom([]string{"", "bold", "link"}).Draw(t, "name")
			op.MarkName = &name
		}
	}
}

func TestEveryLawfulDraftSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDraft(t)
		c, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if c.Ops != uint64(len(d.Ops)) {
			t.Fatalf("%d operations, want %d", c.Ops, len(d.Ops))
		}
		var row int
		for op, err := range c.Operations() {
			if err != nil {
				t.Fatal(err)
			}
			want := d.Ops[row]
			want.ID = change.OpID{Counter: d.StartOp + uint64(row), Actor: d.Actor}
			if !sameOp(op, want) {
				t.Fatalf("operation %d is %+v, want %+v", row, op, want)
			}
			row++
		}
		checkRefs(t, c)
		checkTypings(t, c)
	})
}

func sameOp(a, b change.Op) bool {
	return a.ID == b.ID && a.Obj == b.Obj && a.Key == b.Key && a.Insert == b.Insert && a.Action == b.Action &&
		a.Value.Type == b.Value.Type && bytes.Equal(a.Value.Raw, b.Value.Raw) && slices.Equal(a.Pred, b.Pred) &&
		a.Expand == b.Expand && (a.MarkName == nil) == (b.MarkName == nil) && (a.MarkName == nil || *a.MarkName == *b.MarkName)
}

// fataler is what *testing.T and *rapid.T share here.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkRefs compares Refs with the ids that the operations name, one by one.
func checkRefs(t fataler, c *change.Change) {
	t.Helper()
	want := make(map[change.OpID]bool)
	note := func(id change.OpID) {
		if !id.IsZero() && (id.Actor != c.Actor || id.Counter < c.StartOp) {
			want[id] = true
		}
	}
	for op := range c.Operations() {
		note(op.Obj)
		note(op.Key.Elem)
		for _, id := range op.Pred {
			note(id)
		}
	}
	got := make(map[change.OpID]bool)
	for _, r := range c.Refs() {
		actor := c.Actor
		if r.Actor > 0 {
			actor = c.OtherActors[r.Actor-1]
		}
		for i := range int64(r.Count) {
			got[change.OpID{Counter: uint64(int64(r.First) + i*r.Step), Actor: actor}] = true
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d ids in %v, want %d", len(got), c.Refs(), len(want))
	}
	for id := range want {
		if !got[id] {
			t.Fatalf("%v is not among %v", id, c.Refs())
		}
	}
}

func TestRefsAreWhatTheOperationsName(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		c, err := change.Parse(g.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		checkRefs(t, c)
		checkTypings(t, c)
		if g.Scenario == "240,000 letters" && len(c.Refs()) > 2 {
			t.Errorf("%d progressions for one run of letters", len(c.Refs()))
		}
	})
}

// TestMutationsAreCanonicalOrRefused changes single columns of recorded
// changes, keeping the rest in order: what is still accepted must encode to
// the same bytes.
func TestMutationsAreCanonicalOrRefused(t *testing.T) {
	var accepted, refused int
	rules := make(map[change.Rule]int)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, g := range readGolden(t, "testdata/golden-3.5.0.json.gz") {
		if len(g.Chunk) > 2000 {
			continue
		}
		c, err := change.Parse(g.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			chunk := mutate(rng, c)
			err := checkAccepted(t, chunk)
			var invalid *change.InvalidError
			if !errors.As(err, &invalid) {
				accepted++
				continue
			}
			rules[invalid.Rule]++
			refused++
		}
	}
	t.Logf("%d accepted, %d refused: %v", accepted, refused, rules)
	if accepted == 0 || refused == 0 {
		t.Error("mutations are all alike")
	}
}

// checkAccepted parses a chunk and, if that accepts it, verifies that it
// encodes to the same bytes again.
func checkAccepted(t testing.TB, chunk []byte) error {
	t.Helper()
	c, err := change.Parse(bytes.Clone(chunk))
	if err != nil {
		return err
	}
	if c.NewerFormat || c.Ops > 10_000 {
		return nil
	}
	checkRefs(t, c)
	checkTypings(t, c)
	again, err := redraft(t, c).Encode()
	if err != nil {
		t.Fatalf("%x was accepted, its operations are not: %v", chunk, err)
	}
	if !bytes.Equal(again.Bytes(), c.Bytes()) {
		t.Fatalf("%x was accepted, encodes to %x", chunk, again.Bytes())
	}
	return nil
}

// mutate changes one or two bytes of a change's header or columns.
func mutate(rng *rand.Rand, c *change.Change) []byte {
	header, specs, data := change.Sections(c)
	header, specs, data = bytes.Clone(header), slices.Clone(specs), slices.Clone(data)
	for range 1 + rng.IntN(2) {
		if len(data) == 0 || rng.IntN(8) == 0 {
			header = mutateBytes(rng, header)
			continue
		}
		i := rng.IntN(len(data))
		switch rng.IntN(10) {
		case 0:
			specs, data = slices.Delete(specs, i, i+1), slices.Delete(data, i, i+1)
		case 1:
			specs[i] ^= 1 << rng.IntN(8)
		default:
			data[i] = mutateBytes(rng, data[i])
		}
	}
	return change.Seal(change.Join(header, specs, data))
}

func mutateBytes(rng *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	at := rng.IntN(len(b) + 1)
	small := []byte{0, 1, 2, 3, 0x7e, 0x7f, 0x80, 0xff, byte(rng.IntN(256))}[rng.IntN(9)]
	switch op := rng.IntN(4); {
	case op == 0 || at == len(b):
		return slices.Insert(b, at, small)
	case op == 1:
		return slices.Delete(b, at, at+1)
	case op == 2:
		b[at] = small
	default:
		b[at] += byte(rng.IntN(3)) - 1
	}
	return b
}
