package peer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// pair is one of two records, of two collections, that are written together.
type pair struct {
	Other string
	Count int
	Label crdt.ImmutableString
}

func pairs(p *peer.Peer) (left, right *peer.Records[pair], err error) {
	left, err = peer.CollectionOf[pair](p, "crash/left", peer.Index("Label", "Count"), peer.Index("Count"))
	if err == nil {
		right, err = peer.CollectionOf[pair](p, "crash/right", peer.Index("Count"))
	}
	return left, right, err
}

// playCollector writes pairs of records for ever, from several goroutines, and says
// what is done; meanwhile it forgets records, its own and those of others, which come
// back, and builds all views anew.
func playCollector() error {
	p, ids, err := playing()
	if err != nil {
		return err
	}
	left, right, err := pairs(p)
	if err != nil {
		return err
	}
	errs := make(chan error, 5)
	for w := range 3 {
		go func() { errs <- writePairs(p, left, right, ids, w) }()
	}
	go func() { errs <- forgetAndFind(p, ids) }()
	go func() {
		for {
			if err := left.Rebuild(context.Background()); err != nil {
				errs <- err
			}
		}
	}()
	return <-errs
}

func writePairs(p *peer.Peer, left, right *peer.Records[pair], shared []crdt.DocumentID, w int) error {
	ctx := context.Background()
	var mine []crdt.DocumentID
	for n := 0; ; n++ {
		label := crdt.ImmutableString(fmt.Sprint(os.Getenv(lifeVariable), ".", w, ".", n%5))
		var id crdt.DocumentID
		err := p.Commit(ctx, func(tx *peer.Tx) error {
			id = left.NewID()
			other, err := right.In(tx).Create(ctx, pair{Other: id.String(), Count: n})
			if err == nil {
				err = left.In(tx).Put(ctx, id, pair{Other: other.String(), Count: n, Label: label})
			}
			return err
		})
		if err != nil {
			return err
		}
		if n%2 == 1 {
			fmt.Printf("%s kept\n", id)
			continue
		}
		fmt.Printf("%s made\n", id)
		mine = append(mine, id)
		id = mine[rand.IntN(len(mine))]
		switch n / 2 % 4 {
		case 0:
			err = p.Commit(ctx, func(tx *peer.Tx) error { return bump(ctx, tx, left, right, id) })
		case 1:
			err = left.Delete(ctx, id)
		case 2:
			err = p.Forget(ctx, id)
			fmt.Printf("%s forgotten\n", id)
		default:
			shared := shared[rand.IntN(len(shared))]
			err = left.Update(ctx, shared, func(p *pair) error { p.Count++; p.Label = label; return nil })
		}
		if err != nil && !isGone(err) {
			return err
		}
	}
}

// forgetAndFind forgets the records of others, while they are written in here and
// there, and finds them again.
func forgetAndFind(p *peer.Peer, shared []crdt.DocumentID) error {
	for n := 0; ; n++ {
		id := shared[n%len(shared)]
		if err := p.Forget(context.Background(), id); err != nil {
			return err
		}
		if _, err := p.Find(context.Background(), id); err != nil {
			return err
		}
		fmt.Printf("%s found\n", id)
	}
}

func isGone(err error) bool {
	return errors.Is(err, peer.ErrDeleted) || errors.Is(err, peer.ErrNoRecord) || errors.Is(err, peer.ErrUnknown)
}

// bump counts on in both records of a pair.
func bump(ctx context.Context, tx *peer.Tx, left, right *peer.Records[pair], id crdt.DocumentID) error {
	one, err := left.In(tx).Get(ctx, id)
	if err != nil {
		return err
	}
	other, err := crdt.ParseDocumentID(one.Other)
	if err != nil {
		return err
	}
	more := func(p *pair) error { p.Count += 1000; return nil }
	if err := left.In(tx).Update(ctx, id, more); err != nil {
		return err
	}
	return right.In(tx).Update(ctx, other, more)
}

// A process that writes and forgets records is killed, again and again, while others
// write in some of them. Each time, views, indexes and counts are what the histories
// say, of each record or of none of it, what was said to be done is there, and of what
// belongs together there is all or nothing.
func TestViewsKilled(t *testing.T) {
	random := seeded(t)
	rounds := crashRounds
	if testing.Short() {
		rounds = 3
	}
	rounds = number(t, roundsVariable, rounds)
	for from := 0; from < rounds; from += crashRounds { // after each life all is looked at, so it mustn't become too much
		t.Run(fmt.Sprint(from), func(t *testing.T) { killViews(t, random, min(crashRounds, rounds-from)) })
	}
}

// killViews lets one directory live so many lives.
func killViews(t *testing.T, random *rand.Rand, lives int) {
	r := startRelay(t)
	bob := openPeer(t, peer.Config{Relay: r.url()})
	bob.online()
	atBob, _, err := pairs(bob.Peer)
	if err != nil {
		t.Fatal(err)
	}
	var shared []crdt.DocumentID
	for range 3 {
		id := made(t, atBob, pair{})
		reaches(t, bob.find(id), peer.Synced)
		shared = append(shared, id)
	}
	dir, done := t.TempDir(), map[crdt.DocumentID]string{}
	for life := range lives {
		fetchShared(t, dir, r, shared)
		a := startActor(t, "collector", dir, r, life, shared...)
		last := random.IntN(80)
		for n := 0; ; n++ {
			id, word, ok := a.said()
			if !ok {
				break
			}
			done[id] = word
			if n == last {
				if err := a.cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			if n%8 == 0 && n < last {
				err := atBob.Update(t.Context(), shared[n%3], func(p *pair) error { p.Count += 10; return nil })
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if said, err := a.ended(); err == nil || said != "" {
			t.Fatalf("the writer ended by itself (%v): %s", err, said)
		}
		afterViewsKill(t, dir, done)
	}
	t.Logf("%d records were acknowledged", len(done))
}

// fetchShared has the records of others come into a directory.
func fetchShared(t *testing.T, dir string, r *server, shared []crdt.DocumentID) {
	t.Helper()
	p := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	defer p.close()
	p.online()
	for _, id := range shared {
		p.find(id)
	}
}

func afterViewsKill(t *testing.T, dir string, done map[crdt.DocumentID]string) {
	t.Helper()
	p := openPeer(t, peer.Config{Path: dir})
	defer p.close()
	left, right, err := pairs(p.Peer)
	if err != nil {
		t.Fatal(err)
	}
	if err := left.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	consistent(t, p)
	for id, word := range done {
		_, err := left.Get(t.Context(), id)
		if err != nil && (word == "kept" || !isGone(err)) || word == "forgotten" && !errors.Is(err, peer.ErrNoRecord) {
			t.Fatalf("%s was said to be %s: %v", id, word, err)
		}
	}
	for one, err := range left.Find(t.Context(), peer.Where("Other").IsNot("")) {
		if err != nil {
			t.Fatal(err)
		}
		other, err := crdt.ParseDocumentID(one.Value.Other)
		if err != nil {
			t.Fatal(err)
		}
		is(t, right, other, pair{Other: one.ID.String(), Count: one.Value.Count})
	}
	n, err := left.CountWhere(t.Context(), peer.Where("Count").AtLeast(0))
	if err != nil {
		t.Fatal(err)
	}
	counts(t, left, n)
}
