package storage

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// witnessEvery is the least time between two writings of the witness. It is a
// matter of cost only; nothing is decided by it.
const witnessEvery = time.Second

// testimony is what a witness file says: this life of the store had at least
// this journal row.
type testimony struct {
	incarnation Incarnation
	last        Seq
}

// witness keeps the testimony in a file beside Badger, a little behind the
// journal. Badger can lose its newest writes to one flipped bit and say
// nothing; a store that is behind its witness has.
type witness struct {
	dir string
	log *slog.Logger

	writing sync.Mutex // held while the file is written; before mu

	mu          sync.Mutex
	incarnation Incarnation
	last        Seq
	written     Seq
	stop        bool
	wake        *sync.Cond // last or stop changed

	stopping chan struct{}
	stopped  chan struct{}
}

// startWitness writes a first testimony and keeps it up until close.
func startWitness(dir string, t testimony, log *slog.Logger) (*witness, error) {
	w := &witness{
		dir: dir, incarnation: t.incarnation, log: log, last: t.last,
		stopping: make(chan struct{}), stopped: make(chan struct{}),
	}
	w.wake = sync.NewCond(&w.mu)
	if err := t.write(dir); err != nil {
		return nil, err
	}
	w.written = t.last
	go w.run()
	return w, nil
}

// advance notes that the journal now ends at last.
func (w *witness) advance(last Seq) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last > w.last {
		w.last = last
		w.wake.Signal()
	}
}

// close writes the last testimony.
func (w *witness) close() error {
	w.mu.Lock()
	w.stop = true
	w.wake.Signal()
	w.mu.Unlock()
	close(w.stopping)
	<-w.stopped
	return w.save()
}

func (w *witness) run() {
	defer close(w.stopped)
	timer := time.NewTimer(witnessEvery)
	defer timer.Stop()
	for w.wait() {
		if err := w.save(); err != nil {
			w.log.Warn("could not write the store's witness file", "path", w.dir, "error", err)
		}
		timer.Reset(witnessEvery)
		select {
		case <-timer.C:
		case <-w.stopping:
			return
		}
	}
}

// wait returns true once there is something to write, false to stop.
func (w *witness) wait() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.last == w.written && !w.stop {
		w.wake.Wait()
	}
	return !w.stop
}

// save writes what has changed since it was written last.
func (w *witness) save() error {
	w.writing.Lock()
	defer w.writing.Unlock()
	w.mu.Lock()
	t, written := testimony{w.incarnation, w.last}, w.written
	w.mu.Unlock()
	if t.last == written {
		return nil
	}
	return w.write(t)
}

// renew writes that the store lives another life.
func (w *witness) renew(in Incarnation) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	w.mu.Lock()
	last := w.last
	w.mu.Unlock()
	return w.write(testimony{in, last})
}

func (w *witness) write(t testimony) error {
	if err := t.write(w.dir); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.incarnation, w.written = t.incarnation, t.last
	return nil
}

func (t testimony) write(dir string) error {
	line := fmt.Sprintf("%d %s %d", formatVersion, t.incarnation, t.last)
	sum := crc32.Checksum([]byte(line), castagnoli)
	if err := replaceFile(dir, witnessFile, fmt.Appendf(nil, "%s %08x\n", line, sum)); err != nil {
		return fmt.Errorf("storage: write %s: %w", filepath.Join(dir, witnessFile), err)
	}
	return nil
}

// readTestimony returns what the witness file says; false if there is none or
// it can't be read, in which case it says nothing.
func readTestimony(dir string) (t testimony, ok bool, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, witnessFile))
	if errors.Is(err, fs.ErrNotExist) {
		return t, false, nil
	}
	if err != nil {
		return t, false, fmt.Errorf("storage: %w", err)
	}
	text := strings.TrimSuffix(string(raw), "\n")
	var version int
	var incarnation []byte
	var sum uint32
	if _, err := fmt.Sscanf(text, "%d %x %d %x", &version, &incarnation, &t.last, &sum); err != nil {
		return t, false, nil
	}
	line := text[:strings.LastIndexByte(text, ' ')]
	ok = version == formatVersion && len(incarnation) == len(t.incarnation) &&
		crc32.Checksum([]byte(line), castagnoli) == sum
	copy(t.incarnation[:], incarnation)
	return t, ok, nil
}
