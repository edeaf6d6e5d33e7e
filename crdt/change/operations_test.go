package change_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
)

// goldenOp is an operation as JavaScript's decoder shows it.
type goldenOp struct {
	Action   string
	Obj      string
	Key      *string
	ElemID   *string
	Insert   bool
	Datatype string
	Value    json.RawMessage
	Pred     []string
	Name     *string
	Expand   bool
}

func TestOperationsAreWhatJavaScriptDecodes(t *testing.T) {
	var compared int
	eachGolden(t, func(t *testing.T, g golden) {
		if len(g.Decoded) == 0 {
			t.Skip("recorded without operations")
		}
		c, err := change.Parse(g.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		var row int
		for op, err := range c.Operations() {
			if err != nil {
				t.Fatal(err)
			}
			if got, want := showOp(op), g.Decoded[row].show(); got != want {
				t.Errorf("operation %d is %s, want %s", row, got, want)
			}
			row++
			compared++
		}
	})
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

func (o goldenOp) show() string {
	key := "elem " + deref(o.ElemID)
	if o.Key != nil {
		key = "key " + *o.Key
	}
	value := strings.TrimSpace(string(o.Value))
	if value == "" {
		value = "null"
	}
	return fmt.Sprintf("%s %s %s insert=%v value=%s pred=%v mark=%s expand=%v",
		o.Action, o.Obj, key, o.Insert, value, o.Pred, deref(o.Name), o.Expand)
}

func showOp(op change.Op) string {
	key := "key " + op.Key.Name
	if op.Key.InList {
		key = "elem " + showID(op.Key.Elem, "_head")
	}
	pred := make([]string, 0, len(op.Pred))
	for _, id := range op.Pred {
		pred = append(pred, showID(id, ""))
	}
	return fmt.Sprintf("%s %s %s insert=%v value=%s pred=%v mark=%s expand=%v",
		showAction(op), showID(op.Obj, "_root"), key, op.Insert, showValue(op.Value), pred, deref(op.MarkName), op.Expand)
}

func showAction(op change.Op) string {
	if op.Action == change.ActionMark && op.MarkName == nil {
		return "markEnd"
	}
	return []string{"makeMap", "set", "makeList", "del", "makeText", "inc", "makeTable", "markBegin"}[op.Action]
}

func showID(id change.OpID, zero string) string {
	if id.IsZero() {
		return zero
	}
	return fmt.Sprintf("%d@%s", id.Counter, id.Actor)
}

// showValue writes a value as record.mjs has it.
func showValue(v change.Value) string {
	var shown any
	switch v.Type {
	case change.ValueFalse, change.ValueTrue:
		shown = v.Type == change.ValueTrue
	case change.ValueUint:
		shown = v.Uint()
	case change.ValueInt, change.ValueCounter, change.ValueTimestamp:
		shown = v.Int()
	case change.ValueFloat:
		return showFloat(v.Float())
	case change.ValueText:
		shown = string(v.Raw)
	case change.ValueBytes:
		numbers := make([]int, 0, len(v.Raw))
		for _, b := range v.Raw {
			numbers = append(numbers, int(b))
		}
		shown = numbers
	}
	return marshal(shown)
}

func showFloat(f float64) string {
	special := map[string]string{"NaN": "NaN", "+Inf": "Infinity", "-Inf": "-Infinity"}
	if name, ok := special[fmt.Sprint(f)]; ok {
		return marshal(map[string]string{"$float": name})
	}
	if f == 0 {
		return "0" // JSON of JavaScript has no negative zero
	}
	return marshal(f)
}

func marshal(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func TestOperationsCanBeLeftEarly(t *testing.T) {
	c, err := change.Parse(longestOf(t, "240,000 letters", 240_000))
	if err != nil {
		t.Fatal(err)
	}
	var ids []change.OpID
	for op := range c.Operations() {
		if ids = append(ids, op.ID); len(ids) == 3 {
			break
		}
	}
	want := []change.OpID{{Counter: 2, Actor: c.Actor}, {Counter: 3, Actor: c.Actor}, {Counter: 4, Actor: c.Actor}}
	if !slices.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
}
