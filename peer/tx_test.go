package peer_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

type account struct {
	Owner   string
	Balance int
}

func commit(tb testing.TB, p *node, fn func(tx *peer.Tx) error) {
	tb.Helper()
	if err := p.Commit(tb.Context(), fn); err != nil {
		tb.Fatal(err)
	}
}

// Several records of several collections are written at once; reads in between
// see what was written, others don't.
func TestCommit(t *testing.T) {
	p := openPeer(t, peer.Config{})
	people, accounts := employees(t, p, byName), of[account](t, p, "acme/accounts")
	old := made(t, people, employee{Name: "Old"})
	var ada, account1 crdt.DocumentID
	commit(t, p, func(tx *peer.Tx) (err error) {
		if ada, err = people.In(tx).Create(t.Context(), employee{Name: "Ada"}); err != nil {
			return err
		}
		if account1, err = accounts.In(tx).Create(t.Context(), account{Owner: ada.String()}); err != nil {
			return err
		}
		err = accounts.In(tx).Update(t.Context(), account1, func(a *account) error { a.Balance = 10; return nil })
		if err != nil {
			return err
		}
		if err := people.In(tx).Delete(t.Context(), old); err != nil {
			return err
		}
		is(t, accounts.In(tx), account1, account{Owner: ada.String(), Balance: 10})
		exists(t, people.In(tx), old, false)
		finds(t, people.In(tx), peer.Where("Name").Is("Ada"), "Ada")
		finds(t, people.In(tx), peer.Query{}.OrderByDesc("Name"), "Ada")
		counts(t, people.In(tx), 1)
		if _, err := people.Get(t.Context(), ada); !errors.Is(err, peer.ErrNoRecord) {
			t.Errorf("outside it is there already: %v", err)
		}
		exists(t, people, old, true)
		finds(t, people, peer.Query{}, "Old")
		counts(t, people, 1)
		return nil
	})
	is(t, people, ada, employee{Name: "Ada"})
	is(t, accounts, account1, account{Owner: ada.String(), Balance: 10})
	exists(t, people, old, false)
	counts(t, people, 1)
	consistent(t, p)
}

// If anything fails, nothing is written, and everything can be used as before.
func TestCommitFails(t *testing.T) {
	p := openPeer(t, peer.Config{})
	refused := errors.New("no overdraft")
	accounts := of[account](t, p, "acme/accounts", peer.Validate(func(_ context.Context, _ crdt.DocumentID, a account) error {
		if a.Balance < 0 {
			return refused
		}
		return nil
	}))
	people := employees(t, p)
	from, to := made(t, accounts, account{Balance: 5}), made(t, accounts, account{})
	move := func(tx *peer.Tx, by int) error {
		c := accounts.In(tx)
		if _, err := people.In(tx).Create(t.Context(), employee{Name: "Nobody"}); err != nil {
			return err
		}
		if err := c.Update(t.Context(), to, func(a *account) error { a.Balance += by; return nil }); err != nil {
			return err
		}
		return c.Update(t.Context(), from, func(a *account) error { a.Balance -= by; return nil })
	}
	unchanged := func() {
		t.Helper()
		is(t, accounts, from, account{Balance: 5})
		is(t, accounts, to, account{})
		counts(t, people, 0)
		consistent(t, p)
	}
	err := p.Commit(t.Context(), func(tx *peer.Tx) error { return move(tx, 6) })
	fails(t, err, refused, "peer: "+from.String()+` in "acme/accounts": invalid: no overdraft`)
	fails(t, err, refused)
	fails(t, err, peer.ErrInvalid, from.String(), "acme/accounts")
	unchanged()
	why := errors.New("never mind")
	fails(t, p.Commit(t.Context(), func(tx *peer.Tx) error { return errors.Join(move(tx, 1), why) }), why)
	unchanged()
	func() {
		defer func() { _ = recover() }()
		_ = p.Commit(t.Context(), func(tx *peer.Tx) error { _ = move(tx, 1); panic("no") })
	}()
	unchanged()
	ctx, cancel := context.WithCancel(t.Context())
	fails(t, p.Commit(ctx, func(tx *peer.Tx) error { cancel(); return move(tx, 1) }), context.Canceled)
	unchanged()
	fails(t, p.Commit(t.Context(), func(tx *peer.Tx) error {
		for range peer.MaxRecords {
			if _, err := people.In(tx).Create(t.Context(), employee{}); err != nil {
				return err
			}
		}
		return move(tx, 1)
	}), peer.ErrTooMuch)
	unchanged()
	// More than a batch of the store takes.
	long := strings.Repeat("x", 60_000)
	fails(t, p.Commit(t.Context(), func(tx *peer.Tx) error {
		for range 40 {
			if _, err := people.In(tx).Create(t.Context(), employee{Title: long}); err != nil {
				return err
			}
		}
		return move(tx, 1)
	}), peer.ErrTooMuch)
	unchanged()
	var late *peer.Tx
	commit(t, p, func(tx *peer.Tx) error { late = tx; return move(tx, 1) })
	is(t, accounts, to, account{Balance: 1})
	_, err = accounts.In(late).Create(t.Context(), account{})
	if err == nil {
		t.Error("a transaction can be used after its end")
	}
	_, err = accounts.In(late).Get(t.Context(), to)
	if err == nil {
		t.Error("a transaction can be read after its end")
	}
}

// Transactions that take the same records in different orders don't stop each
// other, and none of their effects is lost.
func TestCommitsInAllOrders(t *testing.T) {
	p := openPeer(t, peer.Config{})
	accounts := of[account](t, p, "acme/accounts")
	const n, rounds = 4, 25
	var ids []crdt.DocumentID
	for range n {
		ids = append(ids, made(t, accounts, account{Balance: 100}))
	}
	var writers sync.WaitGroup
	for w := range n {
		writers.Go(func() {
			for round := range rounds {
				from, to := ids[w], ids[(w+1+round%(n-1))%n]
				err := p.Commit(t.Context(), func(tx *peer.Tx) error {
					c := accounts.In(tx)
					err := c.Update(t.Context(), from, func(a *account) error { a.Balance--; return nil })
					if err != nil {
						return err
					}
					return c.Update(t.Context(), to, func(a *account) error { a.Balance++; return nil })
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	sum := 0
	for _, id := range ids {
		a, err := accounts.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		sum += a.Balance
	}
	if sum != n*100 {
		t.Errorf("in all there is %d, want %d", sum, n*100)
	}
	consistent(t, p)
}

// sheet is a record that may be large.
type sheet struct {
	Balance int
	Body    string
}

// limited returns a context that ends what waits in a circle.
func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// Transactions that read and write the same records, large and small, in different
// orders don't stop each other, and neither those who read at the same time. No
// effect is lost.
func TestCommitsOfLargeRecordsInAllOrders(t *testing.T) {
	p, ctx := openPeer(t, peer.Config{InMemory: true}), limited(t)
	c := of[sheet](t, p, "acme/sheets")
	large := strings.Repeat("x", 100<<10)
	var ids []crdt.DocumentID
	for n := range 4 {
		ids = append(ids, made(t, c, sheet{Balance: 100, Body: large[:n%2*len(large)]}))
	}
	// move gives the last one what it takes from the others.
	move := func(order []crdt.DocumentID) error {
		return p.Commit(ctx, func(tx *peer.Tx) error {
			c, last := c.In(tx), len(order)-1
			for i, id := range order {
				if _, err := c.Get(ctx, id); err != nil {
					return err
				}
				by := -1
				if i == last {
					by = last
				}
				if err := c.Update(ctx, id, func(s *sheet) error { s.Balance += by; return nil }); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var all sync.WaitGroup
	const rounds = 8
	for w := range ids {
		order := slices.Concat(ids[w:], ids[:w])
		if w%2 == 1 {
			slices.Reverse(order)
		}
		all.Go(func() {
			for range rounds {
				if err := move(order); err != nil {
					t.Error(err)
					return
				}
				if _, err := c.Get(ctx, order[0]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	sum := 0
	for _, id := range ids {
		s, err := c.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		sum += s.Balance
	}
	if sum != 400 {
		t.Errorf("in all there is %d, want 400", sum)
	}
	consistent(t, p)
}

// In a transaction a large record that it uses, but hasn't changed, is read like
// any other.
func TestReadLargeRecordInCommit(t *testing.T) {
	p, ctx := openPeer(t, peer.Config{InMemory: true}), limited(t)
	c := employees(t, p, byName)
	ada := employee{Name: "Ada", Title: strings.Repeat("x", 100<<10)}
	id := made(t, c, ada)
	commit(t, p, func(tx *peer.Tx) error {
		c := c.In(tx)
		if err := c.Update(ctx, id, func(*employee) error { return nil }); err != nil {
			return err
		}
		switch got, err := c.Get(ctx, id); {
		case err != nil:
			return err
		case !reflect.DeepEqual(got, ada):
			t.Errorf("it reads %d letters of %s", len(got.Title), got.Name)
		}
		finds(t, c, peer.Where("Name").Is("Ada"), "Ada")
		return nil
	})
}

// Whoever reads a large record doesn't wait for those who write it: it reads what
// there was before, as of any other record.
func TestReadLargeRecordMeanwhile(t *testing.T) {
	p, ctx := openPeer(t, peer.Config{InMemory: true}), limited(t)
	c := employees(t, p, byName)
	id := made(t, c, employee{Name: "Ada", Title: strings.Repeat("x", 100<<10)})
	err := c.Update(ctx, id, func(e *employee) error {
		e.Name = "Eve"
		switch got, err := c.Get(ctx, id); {
		case err != nil:
			return err
		case got.Name != "Ada":
			t.Errorf("it reads %q", got.Name)
		}
		if is, err := c.Exists(ctx, id); !is || err != nil {
			t.Errorf("it exists: %t, %v", is, err)
		}
		finds(t, c, peer.Where("Name").Is("Ada"), "Ada")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	finds(t, c, peer.Where("Name").Is("Eve"), "Eve")
}

// Records that are made leave no document open.
func TestCreatedRecordsAreClosed(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p)
	commit(t, p, func(tx *peer.Tx) error {
		for n := range 100 {
			if _, err := c.In(tx).Create(t.Context(), employee{Name: fmt.Sprint(n)}); err != nil {
				return err
			}
		}
		return nil
	})
	if n := p.OpenDocuments(); n != 0 {
		t.Errorf("%d documents are open", n)
	}
	counts(t, c, 100)
}

// What queries find in a transaction is what they find after its commit.
func TestFindInCommit(t *testing.T) {
	random := seeded(t)
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p, byDepartment, byName, peer.Index("Skills"))
	someone := func() employee {
		letter := func() string { return string(rune('a' + random.IntN(6))) }
		return employee{Name: letter(), Department: crdt.ImmutableString(letter()), Age: random.IntN(9), Skills: []string{letter(), letter()}}
	}
	queries := []peer.Query{
		{},
		peer.Where("Department").Is("b").OrderBy("Name"),
		peer.Where("Department").In("a", "c").OrderByDesc("Name").Limit(3),
		peer.Where("Skills").Contains("d").OrderBy("Age"),
		peer.Where("Name").Between("b", "d").OrderBy("Name").Reverse().Limit(4),
		peer.Where("Age").Above(4).OrderBy("Age", "Name").Limit(5),
	}
	look := func(c *peer.Records[employee]) (said []string) {
		for _, q := range queries {
			for r, err := range c.Find(t.Context(), q) {
				if err != nil {
					t.Fatal(err)
				}
				said = append(said, fmt.Sprint(r.ID, r.Value))
			}
			n, err := c.CountWhere(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			said = append(said, fmt.Sprint(q, n))
		}
		n, err := c.Count(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return append(said, fmt.Sprint(n))
	}
	var ids []crdt.DocumentID
	for range 25 {
		var within []string
		commit(t, p, func(tx *peer.Tx) error {
			c := c.In(tx)
			for range 1 + random.IntN(6) {
				var err error
				switch n := random.IntN(4); {
				case n == 0 && len(ids) > 0:
					err = c.Delete(t.Context(), ids[random.IntN(len(ids))])
				case n == 1 && len(ids) > 0:
					err = c.Put(t.Context(), ids[random.IntN(len(ids))], someone())
				default:
					var id crdt.DocumentID
					id, err = c.Create(t.Context(), someone())
					ids = append(ids, id)
				}
				if err != nil && !errors.Is(err, peer.ErrDeleted) {
					return err
				}
			}
			within = look(c)
			return nil
		})
		if after := look(c); !slices.Equal(within, after) {
			t.Fatalf("in it\n%s\nafter it\n%s", strings.Join(within, "\n"), strings.Join(after, "\n"))
		}
	}
	consistent(t, p)
}
