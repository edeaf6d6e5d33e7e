package peer_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/peer"
)

// row is what a query shows of an employee, whose title may be large.
type row struct {
	id         crdt.DocumentID
	name       string
	department crdt.ImmutableString
	age, title int
}

func rowOf(id crdt.DocumentID, e employee) row {
	return row{id, e.Name, e.Department, e.Age, len(e.Title)}
}

type shown map[crdt.DocumentID]row

// scribbler writes records of its own, and knows what they were after each commit.
type scribbler struct {
	random *rand.Rand
	ids    []crdt.DocumentID

	mu     sync.Mutex
	states []shown      // the last may be about to be committed
	done   atomic.Int64 // of them are
}

// write commits a random transaction.
func (a *scribbler) write(t *testing.T, p *node, c *peer.Records[employee]) {
	next := maps.Clone(a.states[len(a.states)-1])
	made := map[crdt.DocumentID]employee{}
	for range 1 + a.random.IntN(4) {
		id := a.ids[a.random.IntN(len(a.ids))]
		if _, there := next[id]; there && a.random.IntN(5) == 0 {
			delete(next, id)
			delete(made, id)
			continue
		}
		e := anEmployee(a.random)
		if id == a.ids[0] && a.random.IntN(3) == 0 {
			e.Title = strings.Repeat("large ", 12_000+a.random.IntN(10))
		}
		next[id], made[id] = rowOf(id, e), e
	}
	before := a.states[len(a.states)-1]
	a.mu.Lock()
	a.states = append(a.states, next)
	a.mu.Unlock()
	commit(t, p, func(tx *peer.Tx) error {
		for _, id := range a.ids {
			_, was := before[id]
			_, is := next[id]
			var err error
			if e, put := made[id]; put {
				err = c.In(tx).Put(t.Context(), id, e)
			} else if was && !is {
				err = c.In(tx).Delete(t.Context(), id)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	a.done.Add(1)
}

func anEmployee(random *rand.Rand) employee {
	return employee{
		Name: string(rune('a' + random.IntN(4))), Age: random.IntN(10),
		Department: crdt.ImmutableString(rune('A' + random.IntN(3))),
	}
}

// since returns the states that may have been the present one since so many were done.
func (a *scribbler) since(done int64) []shown {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.states[done:])
}

// writing has authors write until it is stopped.
func writing(t *testing.T, seed int, p *node, c *peer.Records[employee]) (authors []*scribbler, stop func()) {
	var everybody sync.WaitGroup
	var stopped atomic.Bool
	for n := range 2 {
		a := &scribbler{random: rand.New(rand.NewPCG(uint64(seed), uint64(n))), states: []shown{{}}}
		for range 12 {
			a.ids = append(a.ids, c.NewID())
		}
		a.write(t, p, c)
		authors = append(authors, a)
		everybody.Go(func() {
			for !stopped.Load() && !t.Failed() {
				a.write(t, p, c)
			}
		})
	}
	return authors, func() {
		stopped.Store(true)
		everybody.Wait()
	}
}

// asked is a query, and how the naive way goes about it.
type asked struct {
	query    peer.Query
	holds    func(row) bool
	compare  func(a, b row) int // but for the ids, which follow in the direction of the last field
	descends bool
	limit    int
}

func (a asked) naive(states ...shown) (found []row) {
	for _, s := range states {
		for _, r := range s {
			if a.holds(r) {
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, func(x, y row) int {
		ids := bytes.Compare(x.id[:], y.id[:])
		if a.descends {
			ids = -ids
		}
		return cmp.Or(a.compare(x, y), ids)
	})
	if a.limit > 0 {
		found = found[:min(len(found), a.limit)]
	}
	return found
}

func byNames(a, b row) int { return cmp.Compare(a.name, b.name) }

// aQuestion is a random query: by an index, by ranges of one, sorted, of all.
func aQuestion(random *rand.Rand) asked {
	d := crdt.ImmutableString(rune('A' + random.IntN(3)))
	n := random.IntN(8)
	a := asked{compare: byNames}
	switch random.IntN(5) {
	case 0:
		a.query, a.holds = peer.Where("Department").Is(d).OrderBy("Name"), func(r row) bool { return r.department == d }
	case 1:
		a.query, a.holds = peer.Where("Age").Between(n, n+3).OrderBy("Name"), func(r row) bool { return r.age >= n && r.age <= n+3 }
	case 2:
		a.query, a.holds = peer.Where("Department").In("A", "C").OrderBy("Name"), func(r row) bool { return r.department != "B" }
	case 3:
		a.query, a.holds = peer.Query{}.OrderByDesc("Age"), func(row) bool { return true }
		a.compare, a.descends = func(a, b row) int { return cmp.Compare(b.age, a.age) }, true
	case 4:
		a.query, a.holds = peer.Where("Title").IsNot("").OrderBy("Age", "Name"), func(r row) bool { return r.title > 0 }
		a.compare = func(a, b row) int { return cmp.Or(cmp.Compare(a.age, b.age), byNames(a, b)) }
	}
	if random.IntN(2) == 0 {
		a.limit = 1 + random.IntN(6)
		a.query = a.query.Limit(a.limit)
	}
	return a
}

// sawOneMoment tests that what was seen is what the naive way finds in some states.
func sawOneMoment(t *testing.T, a asked, got []row, ours, theirs []shown, more ...shown) {
	t.Helper()
	for _, o := range ours {
		for _, th := range theirs {
			if slices.Equal(got, a.naive(append([]shown{o, th}, more...)...)) {
				return
			}
		}
	}
	t.Fatalf("%s\ngot  %v,\nwhich never was, in %d states times %d; last\n%v", a.query, got, len(ours), len(theirs),
		a.naive(ours[len(ours)-1], theirs[len(theirs)-1]))
}

// However much is written while a query is run, and its loop waits for that, it
// finds what there was at one moment since it began.
func TestQueriesSeeOneMoment(t *testing.T) {
	seed := number(t, seedVariable, rand.Int())
	t.Logf("%s=%d", seedVariable, seed)
	random := rand.New(rand.NewPCG(uint64(seed), 99))
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p, byDepartment, peer.Index("Age"))
	authors, stop := writing(t, seed, p, c)
	defer stop()
	runs := 160
	if testing.Short() {
		runs = 40
	}
	for n := range runs {
		a := aQuestion(random)
		ours, theirs := authors[0].done.Load(), authors[1].done.Load()
		states := func() ([]shown, []shown) { return authors[0].since(ours), authors[1].since(theirs) }
		if n%4 == 0 {
			count, err := c.CountWhere(t.Context(), a.query)
			if err != nil {
				t.Fatal(err)
			}
			a.limit = 0
			o, th := states()
			if !countsOneMoment(a, count, o, th) {
				t.Fatalf("%s\ncounted %d, which there never were", a.query, count)
			}
			continue
		}
		var got []row
		for r, err := range c.Find(t.Context(), a.query) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, rowOf(r.ID, r.Value)); n%2 == 0 && len(got) == 1 {
				awaitCommits(t, authors)
			}
		}
		o, th := states()
		sawOneMoment(t, a, got, o, th)
	}
}

func countsOneMoment(a asked, n int, ours, theirs []shown) bool {
	for _, o := range ours {
		for _, th := range theirs {
			if len(a.naive(o, th)) == n {
				return true
			}
		}
	}
	return false
}

// awaitCommits waits until all authors have committed something.
func awaitCommits(t *testing.T, authors []*scribbler) {
	for _, a := range authors {
		for done := a.done.Load(); a.done.Load() == done && !t.Failed(); {
			runtime.Gosched()
		}
	}
}

// Of large records, too, a query sees what there was, also if they are open, have
// changed and are forgotten meanwhile.
func TestLargeRecordsAreOfOneMoment(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p, byName)
	large := strings.Repeat("large ", 12_000)
	made(t, c, employee{Name: "a"})
	changes, goes := made(t, c, employee{Name: "b", Title: large}), made(t, c, employee{Name: "c", Title: large})
	var got []string
	for r, err := range c.Find(t.Context(), peer.Query{}.OrderBy("Name")) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, fmt.Sprint(r.Value.Name, len(r.Value.Title))); r.Value.Name != "a" {
			continue
		}
		if err := c.Update(t.Context(), changes, func(e *employee) error { e.Name, e.Title = "z", ""; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := p.Forget(t.Context(), goes); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"a0", "b72000", "c72000"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	finds(t, c, peer.Query{}.OrderBy("Name"), "a", "z")
}

// A large record that is forgotten and made again, while somebody reads it, is there
// or it isn't: it is never something else, nor said to be damaged.
func TestReadingBesideForget(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p)
	id := c.IDFor("ada")
	lived := make(chan struct{})
	var readers sync.WaitGroup
	reader := func(read func() error) {
		readers.Go(func() {
			for {
				select {
				case <-lived:
					return
				default:
				}
				if err := read(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	reader(func() error {
		e, err := c.Get(t.Context(), id)
		if err == nil && e.Name != "Ada" || err != nil && !errors.Is(err, peer.ErrNoRecord) {
			return fmt.Errorf("it is %q, %w", e.Name, err)
		}
		return nil
	})
	reader(func() error {
		_, err := c.Exists(t.Context(), id)
		return err
	})
	for range 200 {
		e := employee{Name: "Ada", Title: strings.Repeat("large ", 12_000)}
		if _, err := c.CreateWithKey(t.Context(), "ada", e); err != nil {
			t.Error(err)
			break
		}
		if err := p.Forget(t.Context(), id); err != nil {
			t.Error(err)
			break
		}
	}
	close(lived)
	readers.Wait()
}

// In a transaction, a query sees one moment of what others have written, and all
// that was written in it.
func TestQueriesOfTransactionsSeeOneMoment(t *testing.T) {
	seed := number(t, seedVariable, rand.Int())
	t.Logf("%s=%d", seedVariable, seed)
	random := rand.New(rand.NewPCG(uint64(seed), 98))
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p, byDepartment)
	authors, stop := writing(t, seed, p, c)
	defer stop()
	enough := errors.New("enough")
	for range 40 {
		a := aQuestion(random)
		err := p.Commit(t.Context(), func(tx *peer.Tx) error {
			drawn := shown{}
			for range 3 {
				e := anEmployee(random)
				id, err := c.In(tx).Create(t.Context(), e)
				if err != nil {
					return err
				}
				drawn[id] = rowOf(id, e)
			}
			ours, theirs := authors[0].done.Load(), authors[1].done.Load()
			var got []row
			for r, err := range c.In(tx).Find(t.Context(), a.query) {
				if err != nil {
					return err
				}
				if got = append(got, rowOf(r.ID, r.Value)); len(got) == 1 {
					awaitCommits(t, authors)
				}
			}
			sawOneMoment(t, a, got, authors[0].since(ours), authors[1].since(theirs), drawn)
			return enough
		})
		if !errors.Is(err, enough) {
			t.Fatal(err)
		}
	}
}

// Pages are of a moment each. Together they have each record that stays where it is
// once, in order, whatever comes, goes and moves around it.
func TestPagesBesideWriters(t *testing.T) {
	seed := number(t, seedVariable, rand.Int())
	t.Logf("%s=%d", seedVariable, seed)
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p, byDepartment)
	var stay []crdt.DocumentID
	for n := range 16 {
		stay = append(stay, made(t, c, employee{Name: fmt.Sprintf("%c%d", 'a'+n/4, n%4), Department: "A"}))
	}
	authors, stop := writing(t, seed, p, c)
	defer stop()
	for range 6 {
		var got []crdt.DocumentID
		for cursor := ""; ; {
			n := 0
			for r, err := range c.Find(t.Context(), peer.Where("Department").Is("A").OrderBy("Name").Limit(4).After(cursor)) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; slices.Contains(stay, r.ID) {
					got = append(got, r.ID)
				}
				cursor = r.Cursor()
			}
			if n < 4 {
				break
			}
			awaitCommits(t, authors)
		}
		if !slices.Equal(got, stay) {
			t.Fatalf("%d of %d records that stayed are on the pages, or in another order", len(got), len(stay))
		}
	}
}

// The first update of a live query is of one moment. From then on each change is
// told, and no state of a record twice; in the end the list is what the query finds.
func TestLiveTellsWhatChangesOnce(t *testing.T) {
	seed := number(t, seedVariable, rand.Int())
	t.Logf("%s=%d", seedVariable, seed)
	random := rand.New(rand.NewPCG(uint64(seed), 97))
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p, byDepartment)
	authors, stop := writing(t, seed, p, c)
	defer stop()
	changed := 0
	for range 6 {
		a := aQuestion(random)
		ours, theirs := authors[0].done.Load(), authors[1].done.Load()
		updates := c.Live(t.Context(), a.query)
		first := next(t, updates)
		o, th := authors[0].since(ours), authors[1].since(theirs)
		list := screen(first.Result)
		sawOneMoment(t, a, list.rows(), o, th)
		for range 10 {
			changed += list.apply(t, next(t, updates))
		}
	}
	a := aQuestion(random)
	updates := c.Live(t.Context(), a.query)
	list := screen(next(t, updates).Result)
	awaitCommits(t, authors)
	stop()
	for want := a.naive(authors[0].last(), authors[1].last()); !slices.Equal(list.rows(), want); {
		changed += list.apply(t, next(t, updates))
	}
	t.Logf("%d records were told to have changed in their places", changed)
}

func (a *scribbler) last() shown { return a.states[len(a.states)-1] }

// screen is a list that follows a live query.
type screen []peer.Record[employee]

func (s screen) rows() (rows []row) {
	for _, r := range s {
		rows = append(rows, rowOf(r.ID, r.Value))
	}
	return rows
}

// apply does events to the list, and returns how many records have changed in their
// places, which has to be seen.
func (s *screen) apply(t *testing.T, u peer.LiveUpdate[employee]) (changed int) {
	t.Helper()
	if u.Err != nil || u.Reset {
		t.Fatalf("not events: %+v", u)
	}
	for _, e := range u.Events {
		if e.Kind != peer.Entered && (*s)[e.From].ID != e.Record.ID {
			t.Fatalf("%v is not at %d", e.Record.ID, e.From)
		}
		if old := *s; e.Kind == peer.Changed {
			changed++
			if rowOf(e.Record.ID, e.Record.Value) == old.rows()[e.From] && e.Record.State == old[e.From].State {
				t.Fatalf("told twice: %+v", old.rows()[e.From])
			}
		}
		if e.Kind != peer.Entered {
			*s = slices.Delete(*s, e.From, e.From+1)
		}
		if e.Kind != peer.Left {
			*s = slices.Insert(*s, e.To, e.Record)
		}
	}
	return changed
}

// A peer can be closed while somebody loops over what was found, and in that loop.
func TestCloseWhileFinding(t *testing.T) {
	dir := t.TempDir()
	p := openPeer(t, peer.Config{Path: dir})
	c := employees(t, p, byName)
	for n := range 100 {
		made(t, c, employee{Name: fmt.Sprint(n)})
	}
	for _, q := range []peer.Query{{}, peer.Query{}.OrderBy("Name"), peer.Where("Name").In("1", "2", "3").OrderBy("Age")} {
		n := 0
		var last error
		for _, err := range c.Find(t.Context(), q) {
			if n++; n == 1 {
				if err := p.Close(); err != nil {
					t.Fatal(err)
				}
			}
			last = err
		}
		if n > 2 || !errors.Is(last, peer.ErrClosed) {
			t.Errorf("%s ends with %v after %d", q, last, n)
		}
		p = openPeer(t, peer.Config{Path: dir})
		c = employees(t, p)
	}
}

// An index that comes and goes has the entries of all records when it is there, and
// leaves none, whatever is under way when that is said.
func TestIndexesComeAndGo(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p)
	var ids []crdt.DocumentID
	for n := range 4 {
		ids = append(ids, made(t, c, employee{Name: fmt.Sprint(n)}))
	}
	var stopped atomic.Bool
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for n := 0; !stopped.Load(); n++ {
				err := p.Commit(t.Context(), func(tx *peer.Tx) error {
					for range max(0, 3-n/50) { // new ones, for a while
						if err := c.In(tx).Put(t.Context(), docid.NewRecord(docid.CollectionTag(c.Name())), employee{Title: "new"}); err != nil {
							return err
						}
					}
					return c.In(tx).Update(t.Context(), ids[w], func(e *employee) error { e.Title = fmt.Sprint(n); return nil })
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 15 {
		employees(t, p, peer.Index("Title"))
		if err := c.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.DropIndex("Title"); err != nil {
			t.Fatal(err)
		}
		if err := c.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	employees(t, p, peer.Index("Title", "Name"))
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	stopped.Store(true)
	writers.Wait()
	consistent(t, p)
}

// Nobody waits for a builder that has never had anything to do.
func TestNothingIsBuilt(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	if err := employees(t, p).AwaitBuilder(t.Context()); err != nil {
		t.Error(err)
	}
}

// Whoever is slow in going through a list doesn't hold up Close, and learns of it.
func TestCloseWhileListing(t *testing.T) {
	dir, _, id := twoRecords(t, "mark")
	lists := map[string]func(p *node, c *peer.Records[employee]) iter.Seq[error]{
		"pending":     func(_ *node, c *peer.Records[employee]) iter.Seq[error] { return errorsOf(c.Pending(t.Context())) },
		"all pending": func(p *node, _ *peer.Records[employee]) iter.Seq[error] { return errorsOf(p.Pending(t.Context())) },
		"changed":     func(_ *node, c *peer.Records[employee]) iter.Seq[error] { return errorsOf(c.Changes(t.Context(), "")) },
		"all changed": func(p *node, _ *peer.Records[employee]) iter.Seq[error] { return errorsOf(p.Changes(t.Context(), "")) },
		"conflicted":  func(_ *node, c *peer.Records[employee]) iter.Seq[error] { return errorsOf(c.Conflicted(t.Context())) },
	}
	p := openPeer(t, peer.Config{Path: dir})
	other := openPeer(t, peer.Config{InMemory: true})
	theirs := employees(t, other)
	employees(t, p)
	if err := theirs.Put(t.Context(), id, employee{Name: "Eve"}); err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	p.Bring(id, historyOf(t, other.find(id)), func(err error) { result <- err })
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	p.close()
	for name, list := range lists {
		p := openPeer(t, peer.Config{Path: dir})
		n, last := 0, error(nil)
		for err := range list(p, employees(t, p)) {
			if n, last = n+1, err; n == 1 && err == nil {
				p.close() // waits for ever if it waits for the loop
			}
		}
		if n != 2 || !errors.Is(last, peer.ErrClosed) {
			t.Errorf("%s: %d items, the last with %v, want ErrClosed after the first", name, n, last)
		}
	}
}

// errorsOf is a list without what is in it.
func errorsOf[T any](list iter.Seq2[T, error]) iter.Seq[error] {
	return func(yield func(error) bool) {
		for _, err := range list {
			if !yield(err) {
				return
			}
		}
	}
}
