package storage_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/storage"
)

// lived returns the directory of a closed store and its incarnation.
func lived(t *testing.T) (dir string, life storage.Incarnation) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	s := open(t, dir, storage.Options{Small: true})
	defer closeStore(t, s)
	commit(t, s, 1, 5)
	return dir, s.Incarnation()
}

// liveOn opens a store, expects it to be a copy or not, and that an opening
// later it is none any more.
func liveOn(t *testing.T, dir string, life storage.Incarnation, copied bool) storage.Incarnation {
	t.Helper()
	s := open(t, dir, storage.Options{Small: true})
	in := s.Incarnation()
	if s.Copied() != copied || (in != life) != copied || s.Recovered() {
		t.Errorf("copied is %v, want %v; incarnation is %s after %s; recovered is %v", s.Copied(), copied, in, life, s.Recovered())
	}
	if s.LastSeq() < 5 {
		t.Errorf("LastSeq is %d", s.LastSeq())
	}
	commit(t, s, 1, 1)
	closeStore(t, s)
	s = open(t, dir, storage.Options{Small: true})
	defer closeStore(t, s)
	if s.Copied() || s.Incarnation() != in {
		t.Errorf("at the next opening copied is %v, incarnation is %s after %s", s.Copied(), s.Incarnation(), in)
	}
	return in
}

func noticing(t *testing.T) {
	t.Helper()
	if !storage.NoticesCopies(t.TempDir()) {
		t.Skip("the file system of the temporary directory doesn't tell copies")
	}
}

// Whatever a directory is copied with, the copy lives a life of its own, and
// the original goes on with its own.
func TestCopied(t *testing.T) {
	noticing(t)
	for tool, command := range map[string]string{
		"cp":    "cp -r $0 $1",
		"cp -a": "cp -a $0 $1",
		"tar":   "mkdir $1; tar -cf - -C $0 . | tar -xpf - -C $1",
		"rsync": "rsync -a $0/ $1",
	} {
		t.Run(tool, func(t *testing.T) {
			if _, err := exec.LookPath(strings.Fields(tool)[0]); err != nil {
				t.Skip(err)
			}
			from, life := lived(t)
			to := filepath.Join(t.TempDir(), "copy")
			if out, err := exec.Command("sh", "-ec", command, from, to).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			in := liveOn(t, to, life, true)
			liveOn(t, from, life, false)
			liveOn(t, to, in, false)
		})
	}
}

// A directory that is moved or renamed is still the same, and so is one that
// is opened by another name.
func TestMoved(t *testing.T) {
	noticing(t)
	dir, life := lived(t)
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	liveOn(t, moved, life, false)
	if err := os.Symlink(moved, dir); err != nil {
		t.Fatal(err)
	}
	liveOn(t, dir, life, false)
}

// A backup that takes the place of the original is a copy, even though file
// systems like to give its files the inodes that have just become free.
func TestRestoredInPlace(t *testing.T) {
	noticing(t)
	dir, life := lived(t)
	backup := copyDir(t, dir)
	for range 5 {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(dir, os.DirFS(backup)); err != nil {
			t.Fatal(err)
		}
		life = liveOn(t, dir, life, true)
	}
}

// Tools that restore only what has changed must find that PLACE has. They
// replace the file, and so the restored store is noticed.
func TestPlaceChanges(t *testing.T) {
	noticing(t)
	dir, life := lived(t)
	name := filepath.Join(dir, "PLACE")
	old := time.Unix(1_000_000_000, 0)
	if err := os.Chtimes(name, old, old); err != nil {
		t.Fatal(err)
	}
	liveOn(t, dir, life, false)
	info, err := os.Stat(name)
	if err != nil || !info.ModTime().After(old) {
		t.Fatalf("PLACE is as old as before (%v)", err)
	}
	content, err := os.ReadFile(name)
	if err == nil {
		writeFile(t, content, name+".tmp")
		err = os.Rename(name+".tmp", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	life = liveOn(t, dir, life, true)
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	liveOn(t, dir, life, true)
}

// Between file systems that tell copies and such that don't, and where only
// one of a file's names is known, a copy is noticed if it can be.
func TestPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		first, then uint64
		was, is     string
		copied      bool
	}{
		"same":                    {first: 7, then: 7, was: "a", is: "a"},
		"another inode":           {first: 7, then: 8, was: "a", is: "a", copied: true},
		"a file of a later time":  {first: 7, then: 7, was: "a", is: "b", copied: true},
		"no handle any more":      {first: 7, then: 7, was: "a"},
		"a handle from now on":    {first: 7, then: 7, is: "a"},
		"to where nothing tells":  {first: 7, was: "a", copied: true},
		"from where nothing told": {then: 7, is: "a"},
		"nothing tells":           {},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			was := storage.WithPlace(storage.Options{}, c.first, c.was)
			s := open(t, dir, was)
			life := s.Incarnation()
			closeStore(t, s)
			is := storage.WithPlace(storage.Options{}, c.then, c.is)
			s = open(t, dir, is)
			if s.Copied() != c.copied || (s.Incarnation() != life) != c.copied {
				t.Errorf("copied is %v, incarnation %s after %s", s.Copied(), s.Incarnation(), life)
			}
			life = s.Incarnation()
			closeStore(t, s)
			s = open(t, dir, is)
			defer closeStore(t, s)
			if s.Copied() || s.Incarnation() != life {
				t.Errorf("noticed twice")
			}
		})
	}
}
