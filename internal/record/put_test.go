package record_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/internal/record"
)

// TestTwoWhoMakeTheSameKeyHaveOneRecord: though neither knew of the other, and the
// maps that they made are not the same.
func TestTwoWhoMakeTheSameKeyHaveOneRecord(t *testing.T) {
	ann, bob := newDoc(t, "ann"), newDoc(t, "bob")
	put(t, ann, "ada@example.com", value{"name": "Ada", "address": value{"city": "London", "geo": value{"lat": 1}}})
	put(t, bob, "ada@example.com", value{"title": "Engineer", "address": value{"zip": "N1", "geo": value{"lon": 2}}, "links": value{"web": "x"}})
	meet(t, ann, bob)
	says(t, "map[address:map[city:London geo:map[lat:1 lon:2] zip:N1] links:map[web:x] name:Ada title:Engineer]", ann, bob)
	isIn(t, record.Present, ann, bob)
}

func TestThreeWhoMakeTheSameKeyHaveOneRecord(t *testing.T) {
	ann, bob, cem := newDoc(t, "ann"), newDoc(t, "bob"), newDoc(t, "cem")
	put(t, ann, "k", value{"a": 1, "deep": value{"a": value{"x": 1}}})
	put(t, bob, "k", value{"b": 1})
	meet(t, ann, bob)
	put(t, cem, "k", value{"c": 1, "deep": value{"a": value{"y": 2}, "c": value{"z": 3}}})
	put(t, bob, "k", value{"deep": value{"c": value{"w": 4}}}) // of which only cem knows
	meet(t, ann, bob, cem)
	says(t, "map[a:1 b:1 c:1 deep:map[a:map[x:1 y:2] c:map[w:4 z:3]]]", ann, bob, cem)
}

// item is an item of a keyed list.
type item struct {
	ID string `crdt:"id,immutable"`
	By string `crdt:"by,immutable"`
}

// create makes the record of a key, which must work.
func create(tb testing.TB, d *crdt.Doc, key string, v any) []*change.Change {
	tb.Helper()
	changes, err := record.Put(d, key, v)
	if err != nil {
		tb.Fatal(err)
	}
	return changes
}

// goldenSkeletons are the skeletons of the key "k": the root's, "deep", "er" in it, a
// list with item keys, "items", and a counter, "votes".
var goldenSkeletons = []string{
	"856f4a836ac6cdc5013c001467736b313e1d4aafeed29212789435d4c95b182a010100000006150c340142025602570170027f0a676f647769743a6b6579017f017f166b7f00",
	"856f4a83afaec9180153016ac6cdc5c41758cbd7abad71f72cc9e5ba1e16dee8daf09cb771600765a814e41467736b31cd55c824a2fc4f5c5a2272b920922c73010200000005150634014202560270027f0464656570017f007f007f00",
	"856f4a83c197d468016e01afaec918dbb6feaac584f5274ca264f42d387911108def7870e51a2dd40165d91467736b317825940ee209a834939500e68b9f96f801030000011467736b31cd55c824a2fc4f5c5a2272b920922c730701020202150434014202560270027f017f027f026572017f007f007f00",
	"856f4a83859e9a840154016ac6cdc5c41758cbd7abad71f72cc9e5ba1e16dee8daf09cb771600765a814e41467736b31445681e5929ebaf384fd72b77ed3d785010200000005150734014202560270027f056974656d73017f027f007f00",
	"856f4a83c26572610157016ac6cdc5c41758cbd7abad71f72cc9e5ba1e16dee8daf09cb771600765a814e41467736b31581b1d8b351a4c2d8b9467d725a3f7570102000000061507340142025602570170027f05766f746573017f017f18007f00",
}

// TestTheSameIsMadeEverywhere: but for the ordinary change.
func TestTheSameIsMadeEverywhere(t *testing.T) {
	v := struct {
		Deep  map[string]value `crdt:"deep"`
		Items []item           `crdt:"items,key=id"`
		Votes crdt.Counter     `crdt:"votes"`
	}{map[string]value{"er": {"x": 1}}, []item{{"1", "x"}}, 3}
	ann, bob := create(t, newDoc(t, "ann"), "k", v), create(t, newDoc(t, "bob"), "k", v)
	if len(ann) != 6 || len(bob) != 6 {
		t.Fatalf("%d and %d changes, want five skeletons and one that follows", len(ann), len(bob))
	}
	for i := range 5 {
		if ann[i].Hash != bob[i].Hash || !ann[i].IsSkeleton() || ann[i].Ops != 1 {
			t.Errorf("change %d is %x and %x", i, ann[i].Bytes(), bob[i].Bytes())
		}
	}
	if last := ann[5]; last.Actor != actor("ann") || last.Seq != 1 {
		t.Errorf("the change that follows is %v", last)
	}
	for i, want := range goldenSkeletons {
		if got := hex.EncodeToString(ann[i].Bytes()); got != want {
			t.Errorf("skeleton %d is\n%s, want\n%s", i, got, want)
		}
	}
}

// TestStoresTakeWhatIsMade: the graph, which every store has, takes the changes in
// the order in which they are returned.
func TestStoresTakeWhatIsMade(t *testing.T) {
	d := newDoc(t, "ann")
	changes := put(t, d, "k", value{"deep": value{"er": value{"x": 1}}, "name": "Ada"})
	changes = append(changes, put(t, d, "k", value{"more": value{"y": 1}})...)
	changes = append(changes, destroy(t, d, record.EditWins))
	changes = append(changes, put(t, d, "k", value{"name": "Ada"})...)
	store := graph.NewIntake(graph.New())
	for i, c := range changes {
		again, err := change.Parse(c.Bytes())
		if err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
		if out := store.Offer(again); len(out) != 1 || out[0].Fate != graph.Staged {
			t.Fatalf("change %d: %+v", i, out)
		}
		store.Graph().Commit()
	}
	if heads := store.Graph().Heads(); !slices.Equal(heads, d.Heads()) {
		t.Errorf("the store's heads are %v, the document's %v", heads, d.Heads())
	}
}

// TestWhatOneLeftOutStandsAgainstNothing: fields that only one of them filled in,
// of those that both have.
func TestWhatOneLeftOutStandsAgainstNothing(t *testing.T) {
	type address struct{ City, Zip string }
	type employee struct {
		Name, Title string
		Salary      int
		Boss        *string
		Tags        []string
		Address     address
	}
	ann, bob := newDoc(t, "ann"), newDoc(t, "bob")
	create(t, ann, "k", employee{Name: "Ada", Salary: 1, Address: address{City: "London"}})
	create(t, bob, "k", employee{Title: "Engineer", Tags: []string{"x"}, Address: address{Zip: "N1"}})
	meet(t, ann, bob)
	says(t, "map[Address:map[City:London Zip:N1] Name:Ada Salary:1 Tags:[x] Title:Engineer]", ann, bob)
	for _, d := range []*crdt.Doc{ann, bob} {
		if changes := create(t, d, "k", employee{Name: "Ada", Title: "Engineer", Address: address{City: "London"}}); len(changes) != 1 {
			t.Errorf("%d changes", len(changes))
		}
		says(t, "map[Address:map[City:London Zip:] Name:Ada Salary:0 Tags:[] Title:Engineer]", d)
	}
}

// TestCountersAddUp: what both have counted, when they made the record or since,
// though neither knew of the other.
func TestCountersAddUp(t *testing.T) {
	type post struct {
		Votes crdt.Counter
		By    map[string]crdt.Counter
	}
	count := func(d *crdt.Doc, votes crdt.Counter, by string) {
		edit(t, d, func(root crdt.Map) error {
			var p post
			if err := root.Hydrate(&p); err != nil {
				return err
			}
			p.Votes += votes
			p.By[by] += votes
			return root.Reconcile(&p)
		})
	}
	ann, bob := newDoc(t, "ann"), newDoc(t, "bob")
	create(t, ann, "k", &post{By: map[string]crdt.Counter{"x": 0}})
	create(t, bob, "k", &post{Votes: 10, By: map[string]crdt.Counter{"x": 5, "y": 1}})
	count(ann, 2, "x")
	count(bob, 2, "x")
	meet(t, ann, bob)
	says(t, "map[By:map[x:9 y:1] Votes:14]", ann, bob)
	for _, d := range []*crdt.Doc{ann, bob, reload(t, ann)} {
		if found := conflicts(t, d); len(found) > 0 {
			t.Errorf("the conflicts are %v", found)
		}
		if changes := create(t, d, "k", &post{Votes: 14, By: map[string]crdt.Counter{"x": 9, "y": 1}}); len(changes) != 0 {
			t.Errorf("the same again makes %d changes", len(changes))
		}
	}
	count(ann, 1, "y")
	count(bob, -1, "y")
	meet(t, ann, bob)
	says(t, "map[By:map[x:9 y:1] Votes:14]", ann, bob)
}

// TestCountersOfOthers: a counter that was made in an ordinary change, by an older
// version, is used as it is; beside another one it is a conflict.
func TestCountersOfOthers(t *testing.T) {
	old := func(name string, n int) *crdt.Doc {
		d := newDoc(t, name)
		put(t, d, "k", value{})
		edit(t, d, set("n", crdt.Counter(n)))
		return d
	}
	ann := old("ann", 2)
	if changes := create(t, ann, "k", value{"n": crdt.Counter(3)}); len(changes) != 1 || changes[0].IsSkeleton() {
		t.Errorf("%d changes", len(changes))
	}
	says(t, "map[n:3]", ann)
	for _, other := range []*crdt.Doc{old("bob", 3), newDoc(t, "cem")} {
		create(t, other, "k", value{"n": crdt.Counter(3)})
		meet(t, ann, other)
		found := conflicts(t, ann)
		if len(found) != 1 || found[0].Values[0].Value != crdt.Counter(3) || found[0].Values[1].Value != crdt.Counter(3) {
			t.Fatalf("the conflicts are %v", found)
		}
		edit(t, other, func(root crdt.Map) error { return record.Resolve(root, found[0], crdt.Counter(6)) }, crdt.WithMessage(record.Resolved))
		meet(t, ann, other)
		says(t, "map[n:6]", ann, other)
		if found := conflicts(t, ann); len(found) > 0 {
			t.Errorf("the conflicts are %v", found)
		}
		ann = old("ann", 3)
	}
}

// TestTextsAreNotRunTogether: what both wrote first, each whole, is a conflict.
func TestTextsAreNotRunTogether(t *testing.T) {
	ann, bob := newDoc(t, "ann"), newDoc(t, "bob")
	create(t, ann, "k", value{"name": "Ada"})
	create(t, bob, "k", value{"name": "Ada Lovelace"})
	meet(t, ann, bob)
	for _, d := range []*crdt.Doc{ann, bob} {
		if got := content(t, d); got != "map[name:Ada Lovelace]" && got != "map[name:Ada]" {
			t.Errorf("it says %s", got)
		}
		found := conflicts(t, d)
		if len(found) != 1 || fmt.Sprint(found[0].Path) != "[name]" || len(found[0].Values) != 2 {
			t.Fatalf("the conflicts are %v", found)
		}
	}
}

// TestItemsOfKeyedListsAreAllThere: of both who made the record, also if they have
// the same key.
func TestItemsOfKeyedListsAreAllThere(t *testing.T) {
	ann, bob := newDoc(t, "ann"), newDoc(t, "bob")
	type list struct {
		Items []item `crdt:"items,key=id"`
	}
	create(t, ann, "k", list{[]item{{"same", "ann"}, {"ann's", "ann"}}})
	create(t, bob, "k", list{[]item{{"same", "bob"}, {"bob's", "bob"}}})
	meet(t, ann, bob)
	for _, d := range []*crdt.Doc{ann, bob} {
		for _, want := range []string{"map[by:ann id:same]", "map[by:bob id:same]", "map[by:ann id:ann's]", "map[by:bob id:bob's]"} {
			if got := content(t, d); !strings.Contains(got, want) {
				t.Errorf("it says %s, without %s", got, want)
			}
		}
		if found := conflicts(t, d); len(found) > 0 {
			t.Errorf("the conflicts are %v", found)
		}
	}
}

// TestPutAgain: what is there is used, nothing that is there is made again, and
// what says the same makes no change.
func TestPutAgain(t *testing.T) {
	d := newDoc(t, "ann")
	v := value{"name": "Ada", "address": value{"city": "London"}}
	put(t, d, "k", v)
	for _, d := range []*crdt.Doc{d, reload(t, d)} {
		if changes := put(t, d, "k", v); len(changes) != 0 {
			t.Errorf("the same again makes %d changes", len(changes))
		}
		if changes := put(t, d, "k", value{"address": value{"city": "Paris"}}); len(changes) != 1 {
			t.Errorf("another city makes %d changes", len(changes))
		}
		if changes := put(t, d, "k", value{"address": value{"geo": value{}}}); len(changes) != 2 {
			t.Errorf("another map makes %d changes", len(changes))
		}
		says(t, "map[address:map[city:Paris geo:map[]] name:Ada]", d)
	}
}

// TestPutReplaces: what the value doesn't name goes, the key stays.
func TestPutReplaces(t *testing.T) {
	d := newDoc(t, "ann")
	create(t, d, "k", value{"name": "Ada", "address": value{"city": "London"}})
	create(t, d, "k", value{"address": value{"zip": "N1"}, "links": value{}})
	says(t, "map[address:map[zip:N1] links:map[]]", d)
	if err := d.View(func(root crdt.Map) error {
		if got := root.Get(record.KeyName).Str(); got != "k" {
			t.Errorf("the key is %q", got)
		}
		return record.CheckKey(root, "k")
	}); err != nil {
		t.Error(err)
	}
}

// TestMapsThatWereThereAreUsed: one that was made later, or that somebody put in
// the place of a skeleton's.
func TestMapsThatWereThereAreUsed(t *testing.T) {
	d := newDoc(t, "ann")
	put(t, d, "k", value{"address": value{"city": "London"}})
	edit(t, d, func(root crdt.Map) error { return root.Set("later", value{"x": 1}) })
	changes := put(t, d, "k", value{"later": value{"y": 2, "in": value{"z": 3}}})
	if len(changes) != 1 {
		t.Errorf("%d changes, want one: nothing of it is a skeleton's", len(changes))
	}
	edit(t, d, func(root crdt.Map) error { return root.Delete("address") })
	if changes := put(t, d, "k", value{"address": value{"zip": "N1"}}); len(changes) != 1 {
		t.Errorf("%d changes, want one: the skeleton is there, though not what it made", len(changes))
	}
	says(t, "map[address:map[zip:N1] later:map[in:map[z:3] x:1 y:2]]", d)
	edit(t, d, func(root crdt.Map) error { return root.Set("address", "a text") })
	put(t, d, "k", value{"address": value{"geo": value{"lat": 1}}})
	says(t, "map[address:map[geo:map[lat:1]] later:map[in:map[z:3] x:1 y:2]]", d)
}

// TestADeletedKeyMadeAgainIsRestored: by whoever knows that it was deleted; and by
// whoever makes it without knowing, unless deletes win.
func TestADeletedKeyMadeAgainIsRestored(t *testing.T) {
	for _, policy := range []record.Policy{record.EditWins, record.DeleteWins} {
		ann, bob := newDoc(t, "ann"), newDoc(t, "bob")
		put(t, ann, "k", value{"name": "Ada", "in": value{"x": 1}})
		meet(t, ann, bob)
		destroy(t, ann, policy)
		meet(t, ann, bob)
		isIn(t, record.Deleted, ann, bob)
		if changes := put(t, bob, "k", value{"name": "Ada", "in": value{"x": 1}}); len(changes) != 1 {
			t.Errorf("%s: it was restored by %d changes", policy, len(changes))
		}
		meet(t, ann, bob)
		isIn(t, record.Present, ann, bob)
		says(t, "map[in:map[x:1] name:Ada]", ann, bob)

		destroy(t, ann, policy)
		cem := newDoc(t, "cem")
		put(t, cem, "k", value{"name": "Ada", "in": value{"y": 2}})
		meet(t, ann, bob, cem)
		want := map[record.Policy]record.State{record.EditWins: record.Present, record.DeleteWins: record.Deleted}
		isIn(t, want[policy], ann, bob, cem)
		put(t, bob, "k", value{"name": "Eve"})
		meet(t, ann, bob, cem)
		isIn(t, record.Present, ann, bob, cem)
		says(t, "map[in:map[x:1 y:2] name:Eve]", ann, bob, cem)
	}
}

// TestSkeletonsAloneAreNoRecord: until the change comes that follows them.
func TestSkeletonsAloneAreNoRecord(t *testing.T) {
	from, to := newDoc(t, "ann"), newDoc(t, "bob")
	isIn(t, record.Absent, to)
	for i, c := range put(t, from, "k", value{"in": value{}}) {
		if err := to.Apply(c.Bytes()); err != nil {
			t.Fatal(err)
		}
		isIn(t, []record.State{record.Absent, record.Absent, record.Present}[i], to)
	}
}

// TestAnotherKeyUnderTheSameId: an error names both, and nothing is written.
func TestAnotherKeyUnderTheSameId(t *testing.T) {
	d := newDoc(t, "ann")
	put(t, d, "one", value{"name": "Ada"})
	heads := d.Heads()
	_, err := record.Put(d, "two", value{"in": value{}})
	if !errors.Is(err, record.ErrKey) || !strings.Contains(err.Error(), `"one"`) || !strings.Contains(err.Error(), `"two"`) {
		t.Errorf("%v", err)
	}
	if !slices.Equal(d.Heads(), heads) {
		t.Error("something was written")
	}
	for name, v := range map[string]any{"beside": crdt.ImmutableString("two"), "bytes": []byte("one"), "map": value{}} {
		other := newDoc(t, "bob")
		meet(t, d, other)
		edit(t, other, func(root crdt.Map) error { return root.Set(record.KeyName, v) })
		if _, err := record.Put(other, "one", value{}); !errors.Is(err, record.ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatFailsLeavesNothing: neither skeletons nor what was written before.
func TestWhatFailsLeavesNothing(t *testing.T) {
	for _, d := range []*crdt.Doc{newDoc(t, "ann"), newDoc(t, "bob")} {
		if d.Actor() == actor("bob") {
			put(t, d, "k", value{"name": "Ada"})
			destroy(t, d, record.EditWins)
		}
		heads, before := d.Heads(), content(t, d)
		sad := errors.New("sad")
		changes, err := record.Overlay(d, "k", value{"in": value{}}, func(root crdt.Map) error {
			return errors.Join(root.Set("in", value{"x": 1}), sad)
		})
		if !errors.Is(err, sad) || changes != nil || !slices.Equal(d.Heads(), heads) || content(t, d) != before {
			t.Errorf("%v; %d changes; it says %s", err, len(changes), content(t, d))
		}
		if _, err := record.Put(d, "k", value{"in": value{"x": make(chan int)}}); !errors.Is(err, crdt.ErrInvalid) {
			t.Errorf("%v", err)
		}
		if _, err := record.Put(d, "k", "a text"); !errors.Is(err, crdt.ErrInvalid) {
			t.Errorf("%v", err)
		}
		isIn(t, map[bool]record.State{true: record.Absent, false: record.Deleted}[len(heads) == 0], d)
	}
}

func TestTooManyMaps(t *testing.T) {
	d := newDoc(t, "ann")
	v := value{}
	for i := range record.MaxContainers {
		v[fmt.Sprint(i)] = value{}
	}
	put(t, d, "k", v)
	v["one more"] = value{}
	if _, err := record.Put(newDoc(t, "bob"), "k", v); !errors.Is(err, record.ErrShape) {
		t.Error(err)
	}
}

// TestWhoeverPutsWhateverItIsAllThere: random values by three who meet now and
// then; all that they ever put is there, but for what one of them put later.
func TestWhoeverPutsWhateverItIsAllThere(t *testing.T) {
	for range 300 {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 5))
		docs := []*crdt.Doc{newDoc(t, "ann"), newDoc(t, "bob"), newDoc(t, "cem")}
		want := value{}
		for range 12 {
			i, k := rng.IntN(3), rng.IntN(3)
			if err := docs[i].Merge(docs[k]); err != nil {
				t.Fatal(err)
			}
			if stateOf(t, docs[k]) == record.Present && rng.IntN(5) == 0 {
				destroy(t, docs[k], record.EditWins)
			}
			v := value{}
			grow(rng, v, fmt.Sprint("by", i), 3)
			put(t, docs[i], "k", v)
			overlay(want, v)
		}
		put(t, docs[0], "k", value{})
		meet(t, docs...)
		says(t, fmt.Sprint(want), docs...)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// grow puts random maps into a map, and what only one person puts there.
func grow(rng *rand.Rand, v value, who string, depth int) {
	v[who] = int64(1)
	if rng.IntN(2) == 0 {
		v["count"] = crdt.Counter(rng.IntN(5))
	}
	for _, name := range []string{"a", "b", "c"} {
		if depth > 0 && rng.IntN(3) == 0 {
			nested := value{}
			grow(rng, nested, who, depth-1)
			v[name] = nested
		}
	}
}

func overlay(on, v value) {
	for name, field := range v {
		switch field := field.(type) {
		case value:
			if _, there := on[name]; !there {
				on[name] = value{}
			}
			overlay(on[name].(value), field)
		case crdt.Counter:
			n, _ := on[name].(crdt.Counter)
			on[name] = n + field
		default:
			on[name] = field
		}
	}
}
