package peer_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/storage"
)

// copyDirectory copies a directory like "cp -r", to where there is none.
func copyDirectory(tb testing.TB, from string) string {
	tb.Helper()
	to := filepath.Join(tb.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		tb.Fatal(err)
	}
	return to
}

// restoreDirectory brings a directory back to what a copy of it holds, like
// "rsync --inplace --delete": files stay the same files, with former content.
func restoreDirectory(tb testing.TB, dir, backup string) {
	tb.Helper()
	names := func(root string) (names []string) {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				var name string
				name, err = filepath.Rel(root, path)
				names = append(names, name)
			}
			return err
		})
		if err != nil {
			tb.Fatal(err)
		}
		return names
	}
	kept := names(backup)
	for _, name := range names(dir) {
		if !slices.Contains(kept, name) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				tb.Fatal(err)
			}
		}
	}
	for _, name := range kept {
		if err := rewrite(filepath.Join(dir, name), filepath.Join(backup, name)); err != nil {
			tb.Fatal(err)
		}
	}
}

func rewrite(path, from string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, source)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// restoreUnseen is restoreDirectory where the store doesn't notice by itself; it
// skips the test if the store does. It returns the life that goes on.
func restoreUnseen(t *testing.T, dir, backup string) storage.Incarnation {
	t.Helper()
	life := incarnation(t, dir)
	restoreDirectory(t, dir, backup)
	if incarnation(t, dir) != life {
		t.Skip("the store noticed by itself")
	}
	return life
}

func incarnation(tb testing.TB, dir string) (life storage.Incarnation) {
	tb.Helper()
	within(tb, dir, func(s *storage.Store) { life = s.Incarnation() })
	return life
}

// newLife waits until a document's changes are made by another actor than before,
// and returns what had been signed, and by whom, until then.
func newLife(tb testing.TB, doc *peer.Document) map[string]bool {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	former := map[string]bool{}
	for n := 0; ; n++ {
		for signature := range signatures(tb, doc) {
			actor, _, _ := strings.Cut(signature, " ")
			if n > 0 && !former[actor] {
				return former
			}
			former[signature] = true
		}
		for signature := range former {
			actor, _, _ := strings.Cut(signature, " ")
			former[actor] = true
		}
		if err := doc.Change(ctx, set("life", n)); err != nil {
			tb.Fatalf("waiting for a new life: %v", err)
		}
	}
}

// A copy of a directory lives a life of its own: both it and the original write
// offline, to documents of every kind, and agree when they meet.
func TestCopiedDirectory(t *testing.T) {
	r, dir := startRelay(t), t.TempDir()
	carol := openPeer(t, peer.Config{Relay: r.url()})
	carol.online()
	hers := carol.create(set("carol", 0))
	reaches(t, hers, peer.Synced)
	p := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	p.online()
	made, found, again := p.create(set("n", 0)), p.find(hers.ID()), carol.create(set("n", 0))
	p.find(again.ID())
	if err := p.Forget(t.Context(), again.ID()); err != nil { // which gives it an actor in a row
		t.Fatal(err)
	}
	ids := []crdt.DocumentID{made.ID(), found.ID(), p.find(again.ID()).ID()}
	for _, id := range ids {
		change(t, p.find(id), set("before", 1))
		reaches(t, p.find(id), peer.Synced)
	}
	p.close()
	twin := copyDirectory(t, dir)

	openPeer(t, peer.Config{Path: twin}).close() // where it finds that it is a copy
	original, copied := openPeer(t, peer.Config{Path: dir, Relay: r.url()}), openPeer(t, peer.Config{Path: twin, Relay: r.url()})
	for n, id := range ids {
		for round := range 3 {
			change(t, original.find(id), set("original", round))
			change(t, copied.find(id), set("copied", n, "round", round))
		}
		noTwins(t, original.find(id), copied.find(id))
	}
	original.online()
	copied.online()
	for n, id := range ids {
		got := agree(t, original.find(id), copied.find(id))
		if fmt.Sprint(got["original"], got["copied"], got["round"]) != fmt.Sprintf("2 %d 2", n) {
			t.Errorf("they agree on %v", got)
		}
		reaches(t, original.find(id), peer.Synced)
		reaches(t, copied.find(id), peer.Synced)
	}
}

// A copy that can't be told from the original, as of a whole disk, begins a new
// life if it is opened with Renew.
func TestRenew(t *testing.T) {
	r, dir := startRelay(t), t.TempDir()
	p := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	doc := p.create(set("n", 0))
	p.close()
	backup := copyDirectory(t, dir)

	p = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	change(t, p.find(doc.ID()), set("lost", 1)) // which reaches the relay
	p.online()
	reaches(t, p.find(doc.ID()), peer.Synced)
	p.close()
	restoreDirectory(t, dir, backup)

	p = openPeer(t, peer.Config{Path: dir, Relay: r.url(), Renew: true})
	again := p.find(doc.ID())
	change(t, again, set("n", 1))
	p.online()
	await(t, "what was lost is back", again, func() bool { return read(t, again)["lost"] != nil })
	reaches(t, again, peer.Synced)
	if got := read(t, again); fmt.Sprint(got) != "map[lost:1 n:1]" {
		t.Errorf("it says %v", got)
	}
	noTwins(t, again)
}

// A directory that went back in time unseen gets its own changes back from the
// relay, notices by that, and goes on as somebody else.
func TestRestoredInPlace(t *testing.T) {
	r, dir := startRelay(t), t.TempDir()
	carol := openPeer(t, peer.Config{Relay: r.url()})
	carol.online()
	p := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	p.online()
	doc, other := p.create(set("n", 0)), p.create(set("other", 0))
	reaches(t, doc, peer.Synced)
	reaches(t, other, peer.Synced)
	p.close()
	backup := copyDirectory(t, dir)

	p = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	p.online()
	for n := range 3 {
		change(t, p.find(doc.ID()), set("later", n))
	}
	reaches(t, p.find(doc.ID()), peer.Synced)
	signed := signatures(t, p.find(doc.ID()))
	p.close()
	life := restoreUnseen(t, dir, backup)

	p = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	back := p.find(doc.ID())
	p.online()
	agree(t, carol.find(doc.ID()), back)
	if got := signatures(t, back); fmt.Sprint(got) != fmt.Sprint(signed) {
		t.Errorf("it got back %d of %d changes", len(got), len(signed))
	}
	begun := newLife(t, back)
	for n := range 3 {
		change(t, back, set("after", n))
		change(t, p.find(other.ID()), set("after", n))
	}
	for _, d := range []*peer.Document{back, p.find(other.ID())} {
		reaches(t, d, peer.Synced)
		agree(t, carol.find(d.ID()), d)
		noTwins(t, d, carol.find(d.ID()))
	}
	for signature := range signatures(t, back) {
		if actor, _, _ := strings.Cut(signature, " "); !begun[signature] && begun[actor] {
			t.Errorf("%s goes on after the restore", actor)
		}
	}
	p.close()
	if incarnation(t, dir) == life {
		t.Error("it lives on as before")
	}
}

// If such a directory is written to before it has met the relay, two changes have
// one signature, which nobody can repair. The document says that it is refused,
// what was written stays readable here, everything else goes on, and what was
// written can be saved by hand: from here into the relay's version.
func TestRestoredAndWritten(t *testing.T) {
	r, dir := startRelay(t), t.TempDir()
	p := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	p.online()
	doc, other := p.create(set("n", 0)), p.create(set("other", 0))
	reaches(t, doc, peer.Synced)
	reaches(t, other, peer.Synced)
	p.close()
	backup := copyDirectory(t, dir)
	p = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	p.online()
	change(t, p.find(doc.ID()), set("theirs", 1))
	reaches(t, p.find(doc.ID()), peer.Synced)
	p.close()
	restoreUnseen(t, dir, backup)

	p = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	mine, also := p.find(doc.ID()), p.find(other.ID())
	change(t, mine, set("mine", 1))
	p.online()
	reaches(t, mine, peer.Refused)
	if s := status(t, mine); s.Reason != "twin" && s.Reason != "descends" { // the latter if it had been told before, in vain
		t.Errorf("it is refused because of %q", s.Reason)
	}
	newLife(t, also)
	change(t, mine, set("more", 1))
	if got := read(t, mine); fmt.Sprint(got) != "map[mine:1 more:1 n:0]" {
		t.Errorf("it says %v", got)
	}
	change(t, also, set("other", 1))
	reaches(t, also, peer.Synced)
	reaches(t, mine, peer.Refused)
	p.sync()

	// It doesn't begin one life after the other.
	p.close()
	life := incarnation(t, dir)
	p = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	p.online()
	p.sync()
	change(t, p.find(doc.ID()), set("more", 2))
	p.sync()
	written := read(t, p.find(doc.ID()))
	p.close()
	if incarnation(t, dir) != life {
		t.Error("it began yet another life")
	}

	p = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	p.online()
	if err := p.Forget(t.Context(), doc.ID()); err != nil {
		t.Fatal(err)
	}
	again := p.find(doc.ID())
	change(t, again, func(root crdt.Map) error { return set("mine", written["mine"], "more", written["more"])(root) })
	reaches(t, again, peer.Synced)
	if got := read(t, again); fmt.Sprint(got) != "map[mine:1 more:2 n:0 theirs:1]" {
		t.Errorf("it says %v", got)
	}
}
