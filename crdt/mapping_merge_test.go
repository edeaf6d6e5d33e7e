package crdt_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt"
)

// card is a record that two people edit at once.
type card struct {
	Title  string         `crdt:"title"`
	State  string         `crdt:"state,immutable"`
	Points int            `crdt:"points"`
	Likes  crdt.Counter   `crdt:"likes"`
	Owner  *owner         `crdt:"owner,omitempty"`
	Votes  map[string]int `crdt:"votes"`
	Tasks  []task         `crdt:"tasks,key=id"`
	Log    []string       `crdt:"log,immutable"`
}

type owner struct {
	Name string `crdt:"name,immutable"`
	Desk int    `crdt:"desk"`
}

type task struct {
	ID   string       `crdt:"id"`
	Text string       `crdt:"text,immutable"`
	Done bool         `crdt:"done"`
	Time crdt.Counter `crdt:"time"`
}

// editor changes a card at random, and writes no string or letter that anybody
// has written before.
type editor struct {
	*rapid.T
	name   string
	number int
	letter rune
}

func (e *editor) fresh() string {
	e.number++
	return fmt.Sprintf("%s%d", e.name, e.number)
}

func (e *editor) below(n int) int { return rapid.IntRange(0, n-1).Draw(e.T, "n") }

func (e *editor) edit(c *card) {
	switch e.below(9) {
	case 0:
		title := []rune(c.Title)
		at := e.below(len(title) + 1)
		gone := e.below(min(len(title)-at, 2) + 1)
		c.Title = string(slices.Replace(title, at, at+gone, e.letter, e.letter+1))
		e.letter += 2
	case 1:
		c.State = e.fresh()
	case 2:
		c.Points += 1 + e.below(9)
	case 3:
		c.Likes += crdt.Counter(e.below(9) - 4)
	case 4:
		if c.Owner != nil && e.below(2) == 0 {
			c.Owner.Desk++
		} else if c.Owner != nil {
			c.Owner.Name = e.fresh()
		}
	case 5:
		key := string(rune('a' + e.below(4)))
		if delete(c.Votes, key); e.below(3) > 0 {
			c.Votes[key] = e.below(9)
		}
	case 6:
		e.editTask(c)
	case 7:
		c.Log = append(c.Log, e.fresh())
	case 8:
		c.Log = slices.Insert(c.Log, e.below(len(c.Log)+1), e.fresh())
	}
}

func (e *editor) editTask(c *card) {
	i := e.below(len(c.Tasks) + 1)
	switch kind := e.below(5); {
	case i == len(c.Tasks) || kind == 0:
		c.Tasks = slices.Insert(c.Tasks, i, task{ID: e.fresh(), Text: "new"})
	case kind == 1:
		c.Tasks = slices.Delete(c.Tasks, i, i+1)
	case kind == 2:
		c.Tasks[i].Text = e.fresh()
	case kind == 3:
		c.Tasks[i].Done = !c.Tasks[i].Done
	default:
		c.Tasks[i].Time += crdt.Counter(1 + e.below(3))
	}
}

// merged says whether a field may have become v, of what two made of it.
func merged[V comparable](before, a, b, v V) bool {
	switch {
	case a == before:
		return v == b
	case b == before:
		return v == a
	}
	return v == a || v == b
}

// mergedCard says field by field what is wrong with a merged card.
func mergedCard(before, a, b, v card) (wrong []string) {
	check := func(ok bool, what string) {
		if !ok {
			wrong = append(wrong, what)
		}
	}
	for _, r := range before.Title + a.Title + b.Title {
		in := func(c card) bool { return strings.ContainsRune(c.Title, r) }
		check(in(v) == (in(a) && in(b) || !in(before)), fmt.Sprintf("title: %c", r))
	}
	for _, side := range []card{a, b} {
		order := strings.Map(func(r rune) rune {
			if strings.ContainsRune(v.Title, r) {
				return r
			}
			return -1
		}, side.Title)
		check(isSubsequence(order, v.Title), "title: the order of "+order)
		for _, line := range side.Log {
			check(slices.Contains(v.Log, line), "log: "+line+" is lost")
		}
	}
	check(merged(before.State, a.State, b.State, v.State), "state")
	check(merged(before.Points, a.Points, b.Points, v.Points), "points")
	check(v.Likes == a.Likes+b.Likes-before.Likes, "likes")
	check(merged(before.Owner.Name, a.Owner.Name, b.Owner.Name, v.Owner.Name), "owner.name")
	check(merged(before.Owner.Desk, a.Owner.Desk, b.Owner.Desk, v.Owner.Desk), "owner.desk")
	for _, key := range []string{"a", "b", "c", "d"} {
		vote := func(c card) string { n, ok := c.Votes[key]; return fmt.Sprint(n, ok) }
		// Deleting takes out what was seen: a concurrent vote stays.
		check(merged(vote(before), vote(a), vote(b), vote(v)), "votes: "+key)
	}
	was, mine, yours, now := before.tasks(), a.tasks(), b.tasks(), v.tasks()
	all := maps.Clone(mine)
	maps.Copy(all, yours)
	for id := range all {
		w, old := was[id]
		x, inA := mine[id]
		y, inB := yours[id]
		z, there := now[id]
		switch {
		case old && (!inA || !inB):
			check(!there, "tasks: "+id+" is back")
		case !old && inA:
			check(z == x, "tasks: "+id)
		case !old && inB:
			check(z == y, "tasks: "+id)
		default:
			check(merged(w.Text, x.Text, y.Text, z.Text) && merged(w.Done, x.Done, y.Done, z.Done) &&
				z.Time == x.Time+y.Time-w.Time, "tasks: "+id)
		}
	}
	return wrong
}

func (c card) tasks() map[string]task {
	out := map[string]task{}
	for _, t := range c.Tasks {
		out[t.ID] = t
	}
	return out
}

// TestTwoEditStructs: both keep what they did, field by field, and nobody
// writes more than that.
func TestTwoEditStructs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDoc(t, "ada", nil)
		defer d.Close()
		write(t, d, card{Title: "abcdef", Owner: &owner{Name: "Ada"}, Tasks: []task{{ID: "1"}, {ID: "2"}}})
		ada, bob := &editor{rt, "ada", 0, 'Ā'}, &editor{rt, "bob", 0, 'Ѐ'}
		for range rapid.IntRange(1, 4).Draw(rt, "rounds") {
			before := readAs[card](t, d)
			fork, err := d.Fork(crdt.NewActorID())
			if err != nil {
				rt.Fatal(err)
			}
			var made [2]card
			for i, side := range []struct {
				*editor
				doc *crdt.Doc
			}{{ada, d}, {bob, fork}} {
				v := readAs[card](t, side.doc)
				for range rapid.IntRange(0, 5).Draw(rt, "edits") {
					side.edit(&v)
				}
				write(t, side.doc, v)
				made[i] = readAs[card](t, side.doc)
				if want := fmt.Sprintf("%+v", v); fmt.Sprintf("%+v", made[i]) != want && !reflect.DeepEqual(v, made[i]) {
					rt.Fatalf("wrote\n%s, read\n%+v", want, made[i])
				}
				if write(t, side.doc, v) != 0 {
					rt.Fatal("written again, it makes operations")
				}
			}
			err = d.Merge(fork)
			fork.Close()
			if err != nil {
				rt.Fatal(err)
			}
			if wrong := mergedCard(before, made[0], made[1], readAs[card](t, d)); wrong != nil {
				rt.Fatalf("%s: before\n%+v, ada\n%+v, bob\n%+v, merged\n%s", wrong, before, made[0], made[1], content(t, d))
			}
		}
	})
}

// keyed returns a document with some tasks, and a fork.
func keyed(tb testing.TB, ids string) (ada, bob *crdt.Doc) {
	c := card{Owner: &owner{}}
	for _, id := range ids {
		c.Tasks = append(c.Tasks, task{ID: string(id)})
	}
	ada = newDoc(tb, "ada", nil)
	write(tb, ada, c)
	bob, err := ada.Fork(actor("bob"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(bob.Close)
	return ada, bob
}

// editCard edits a card in a document.
func editCard(tb testing.TB, d *crdt.Doc, fn func(c *card)) uint64 {
	c := readAs[card](tb, d)
	fn(&c)
	return write(tb, d, c)
}

func order(tb testing.TB, d *crdt.Doc) string {
	var ids string
	for _, t := range readAs[card](tb, d).Tasks {
		ids += t.ID
	}
	return ids
}

func move(c *card, from, to int) {
	t := c.Tasks[from]
	c.Tasks = slices.Insert(slices.Delete(c.Tasks, from, from+1), to, t)
}

func TestKeyedItemsMove(t *testing.T) {
	ada, bob := keyed(t, "abcdef")
	edit(t, ada, func(root crdt.Map) error { return root.At("tasks", 5).Map().Set("foreign", []any{"kept"}) })
	if ops := editCard(t, ada, func(c *card) { move(c, 5, 1) }); ops > 12 { // the foreign field are six
		t.Errorf("to move one item takes %d operations", ops)
	}
	editCard(t, bob, func(c *card) { c.Tasks[2].Text = "edited"; move(c, 0, 3) })
	if err := ada.Merge(bob); err != nil {
		t.Fatal(err)
	}
	if got := order(t, ada); got != "fbcdae" {
		t.Errorf("two moves make the order %s", got)
	}
	c := readAs[card](t, ada)
	if c.Tasks[2].Text != "edited" || !strings.Contains(content(t, ada), `"foreign":["kept"]`) {
		t.Errorf("what was in the items isn't: %s", content(t, ada))
	}
}

// Two who move or add the same item make two of it in the document; one is
// shown, and they go together.
func TestKeyedItemsTwice(t *testing.T) {
	ada, bob := keyed(t, "abc")
	editCard(t, ada, func(c *card) { move(c, 0, 2); c.Tasks = append(c.Tasks, task{ID: "n"}) })
	editCard(t, bob, func(c *card) { move(c, 0, 1); c.Tasks = append(c.Tasks, task{ID: "n"}) })
	if err := ada.Merge(bob); err != nil {
		t.Fatal(err)
	}
	if got := len(order(t, ada)); got != 4 {
		t.Errorf("%s is shown", order(t, ada))
	}
	if ops := editCard(t, ada, func(*card) {}); ops != 0 {
		t.Errorf("unchanged, it makes %d operations", ops)
	}
	editCard(t, ada, func(c *card) {
		c.Tasks = slices.DeleteFunc(c.Tasks, func(t task) bool { return t.ID == "n" || t.ID == "a" })
	})
	if got := order(t, ada); got != "bc" {
		t.Errorf("after deleting two, %s is left", got)
	}
	_ = ada.View(func(root crdt.Map) error {
		if n := root.Get("tasks").List().Len(); n != 2 {
			t.Errorf("in the document are %d", n)
		}
		return nil
	})
}

// Items that nobody can tell apart stay where others have put them.
func TestKeyedItemsWithoutKey(t *testing.T) {
	ada, _ := keyed(t, "ab")
	edit(t, ada, func(root crdt.Map) error {
		return root.Get("tasks").List().Insert(1, "no item", map[string]any{"id": 5}, map[string]any{"text": "no key"})
	})
	var c card
	if err := ada.View(func(root crdt.Map) error { return root.Hydrate(&c) }); err == nil || len(c.Tasks) != 2 {
		t.Fatalf("%v, %+v", err, c.Tasks)
	}
	c.Tasks = append(slices.DeleteFunc(c.Tasks, func(t task) bool { return t.ID == "a" }), task{ID: "n"})
	write(t, ada, c)
	_ = ada.View(func(root crdt.Map) error {
		l := root.Get("tasks").List()
		if l.Len() != 5 || l.Get(0).Str() != "no item" || l.Get(1).At("id").Int() != 5 || l.Get(4).At("id").Str() != "n" {
			t.Errorf("the list says %v", l.Any())
		}
		return nil
	})
}

// TestKeyedListReachesAnyOrder goes from any order to any other, and moves no
// more items than it must.
func TestKeyedListReachesAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ada, _ := keyed(t, rapid.StringMatching("[a-c]?[d-f]?[g-i]?[j-l]?").Draw(rt, "before"))
		want := string(rapid.Permutation([]rune("abcdefghijkl")).Draw(rt, "after"))[:rapid.IntRange(0, 12).Draw(rt, "length")]
		stay := 0
		for ids := range subsequences(order(t, ada)) {
			if isSubsequence(ids, want) {
				stay = max(stay, len(ids))
			}
		}
		before := order(t, ada)
		c := readAs[card](t, ada)
		c.Tasks = nil
		for _, id := range want {
			c.Tasks = append(c.Tasks, task{ID: string(id)})
		}
		ops := write(t, ada, c)
		if got := order(t, ada); got != want {
			rt.Fatalf("from %s to %s, want %s", before, got, want)
		}
		const perItem = 5 // the map and its fields
		if most := len(before) - stay + perItem*(len(want)-stay); int(ops) > most {
			rt.Fatalf("from %s to %s takes %d operations, want %d at most", before, want, ops, most)
		}
	})
}

func subsequences(s string) map[string]bool {
	out := map[string]bool{"": true}
	for _, r := range s {
		for ids := range maps.Clone(out) {
			out[ids+string(r)] = true
		}
	}
	return out
}

func isSubsequence(ids, s string) bool {
	for _, r := range s {
		ids = strings.TrimPrefix(ids, string(r))
	}
	return ids == ""
}

// What two insert at one place of a list isn't mixed.
func TestInsertedRunsStayTogether(t *testing.T) {
	type list struct {
		L []int `crdt:"l"`
	}
	ada := newDoc(t, "ada", nil)
	write(t, ada, list{[]int{0}})
	bob, err := ada.Fork(actor("bob"))
	if err != nil {
		t.Fatal(err)
	}
	defer bob.Close()
	write(t, ada, list{[]int{0, 1, 2, 3}})
	write(t, bob, list{[]int{0, 7, 8, 9}})
	if err := ada.Merge(bob); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(readAs[list](t, ada).L); got != "[0 1 2 3 7 8 9]" && got != "[0 7 8 9 1 2 3]" {
		t.Errorf("merged to %s", got)
	}
}
