package peer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// live has a fresh peer pull all, while over the same socket it hears of a record of
// another collection, which is changed every five milliseconds. That peer and the
// relay are processes of their own: in one with all three, on few cores, a system call
// of one holds up the others.
func (s *staff) live(b *testing.B) {
	defer s.moveRelay(b)()
	for b.Loop() {
		news := of[person](b, s.ann, "bench/news")
		id := made(b, news, someone(0))
		reportDelays(b, s.changes(b, news, id, startActor(b, "follower", b.TempDir(), s.relay, 0, id)))
	}
}

// moveRelay has another process be the relay until what it returns is called.
func (s *staff) moveRelay(b *testing.B) (back func()) {
	b.Helper()
	s.relay.stop()
	moved := startActor(b, "relay", s.relay.dir, s.relay, 0)
	return func() {
		if err := moved.cmd.Process.Kill(); err != nil {
			b.Error(err)
		}
		_, _ = moved.ended()
		s.relay.start()
		patiently(b, s.anns.Sync)
	}
}

// changes changes a record until a follower has pulled all, and returns how long it
// took each time from before the change until the follower said that it has seen it.
func (s *staff) changes(b *testing.B, news *peer.Records[person], id crdt.DocumentID, follower *actor) (delays []time.Duration) {
	b.Helper()
	words := make(chan string)
	go func() {
		defer close(words)
		for follower.lines.Scan() {
			_, word, _ := strings.Cut(follower.lines.Text(), " ")
			words <- word
		}
	}()
	if first := <-words; first != "0" {
		b.Fatalf("the follower says %q first", first)
	}
	pulled := false
	for age := 1; !pulled; age++ {
		start := time.Now()
		if err := news.Update(b.Context(), id, func(who *person) error { who.Age = age; return nil }); err != nil {
			b.Fatal(err)
		}
		for seen := false; !seen; {
			switch word, ok := <-words; {
			case !ok:
				stderr, err := follower.ended()
				b.Fatalf("the follower has ended: %v\n%s", err, stderr)
			case word == "pulled":
				pulled = true
			default:
				seen = word == strconv.Itoa(age)
			}
		}
		delays = append(delays, time.Since(start))
		time.Sleep(5 * time.Millisecond)
	}
	if err := follower.cmd.Process.Kill(); err != nil {
		b.Fatal(err)
	}
	_, _ = follower.ended()
	return delays
}

// playRelay is a relay, until it is killed.
func playRelay() error {
	address := strings.TrimPrefix(os.Getenv(relayVariable), "ws://")
	r, err := openRelay(os.Getenv(directoryVariable), address, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return r.run(context.Background())
}

// playFollower says what it sees of a record, and from then on pulls all people, and
// says when it has.
func playFollower() error {
	p, ids, err := playing()
	if err != nil {
		return err
	}
	news, err := peer.CollectionOf[person](p, "bench/news")
	if err != nil {
		return err
	}
	pulling := false
	for e := range news.Watch(context.Background(), ids[0]) {
		if e.After == nil {
			continue
		}
		fmt.Println(ids[0], e.After.Age)
		if !pulling {
			pulling = true
			go pullPeople(p, ids[0])
		}
	}
	return errors.New("the watcher has ended")
}

func pullPeople(p *peer.Peer, id crdt.DocumentID) {
	people, err := peer.CollectionOf[person](p, "bench/people", personIndexes...)
	if err == nil {
		err = people.Pull(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(id, "pulled")
}
