//go:build cgo && !android && (linux || darwin) && (amd64 || arm64)

package crdt

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/automerge/automerge-go"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
)

// reference is the engine of automerge-go, Automerge's Rust core of June 2023.
// What it is never used for: SyncState, Doc.Apply (superlinear), Doc.Merge
// (locks two documents), Doc.Fork at heads (aborts the process on histories
// that LoadIncremental would refuse). Every call goes through rescue, since
// the binding panics in places, some of them holding its lock.
type reference struct{ doc *automerge.Doc }

func newReference(actor ActorID) (_ engine, err error) {
	defer rescue(&err)
	return named(automerge.New(), actor)
}

// loadReference opens a document chunk.
func loadReference(actor ActorID, saved *document.Document) (_ engine, err error) {
	defer rescue(&err)
	doc, err := automerge.Load(saved.Chunk())
	if err != nil {
		return nil, err
	}
	return named(doc, actor)
}

// named returns the engine of a document in which an actor writes, if anybody.
func named(doc *automerge.Doc, actor ActorID) (engine, error) {
	if actor == "" {
		return &reference{doc}, nil
	}
	if err := doc.SetActorID(hex.EncodeToString([]byte(actor))); err != nil {
		return nil, err
	}
	return &reference{doc}, nil
}

func (r *reference) root() mapObject { return referenceMap{r.doc.RootMap()} }

func (r *reference) pending() bool { return true }

func (r *reference) commit(message string, seconds int64) (_ *change.Change, err error) {
	defer rescue(&err)
	var at time.Time // the binding takes the zero time for none, nothing for now
	if seconds != 0 {
		at = time.UnixMilli(seconds) // it writes milliseconds where JavaScript writes seconds
	}
	hash, err := r.doc.Commit(message, automerge.CommitOptions{Time: &at, AllowEmpty: true})
	if err != nil {
		return nil, err
	}
	made, err := r.doc.Change(hash)
	if err != nil {
		return nil, fmt.Errorf("read back %s: %w", hash, err)
	}
	c, err := change.Parse(made.Save())
	if err == nil && c.Hash != Hash(hash) {
		err = fmt.Errorf("it made %s, not %s", c.Hash, hash)
	}
	return c, err
}

// rollback can't be done: the binding doesn't have it.
func (r *reference) rollback() (bool, error) { return false, nil }

func (r *reference) heads() (_ []Hash, err error) {
	defer rescue(&err)
	heads := r.doc.Heads()
	out := make([]Hash, len(heads))
	for i, h := range heads {
		out[i] = Hash(h)
	}
	return sorted(out), nil
}

func (r *reference) has(h Hash) (_ bool, err error) {
	defer rescue(&err)
	_, missing := r.doc.Change(automerge.ChangeHash(h)) // fails for no other reason
	return missing == nil, nil
}

func (r *reference) changes(since []Hash) (_ [][]byte, err error) {
	defer rescue(&err)
	var hashes []automerge.ChangeHash
	for _, h := range since {
		if here, err := r.has(h); err != nil {
			return nil, err
		} else if here {
			hashes = append(hashes, automerge.ChangeHash(h))
		}
	}
	changes, err := r.doc.Changes(hashes...)
	if err != nil {
		return nil, err
	}
	chunks := make([][]byte, len(changes))
	for i, c := range changes {
		chunks[i] = c.Save()
	}
	return chunks, nil
}

// changesOf looks through the history.
func (r *reference) changesOf(ops []OpID) ([]*change.Change, error) {
	chunks, err := r.changes(nil)
	if err != nil {
		return nil, err
	}
	of := make([]*change.Change, len(ops))
	for _, chunk := range chunks {
		c, err := change.ReadHeader(chunk)
		if err != nil {
			return nil, err
		}
		for i, op := range ops {
			if op.Actor == c.Actor && c.StartOp <= op.Counter && op.Counter <= c.MaxOp() {
				of[i] = c
			}
		}
	}
	return of, nil
}

func (r *reference) authors() (_ []ActorID, err error) {
	defer rescue(&err)
	changes, err := r.doc.Changes()
	if err != nil {
		return nil, err
	}
	met := map[ActorID]bool{}
	for _, c := range changes {
		actor, err := hex.DecodeString(c.ActorID())
		if err != nil {
			return nil, err
		}
		met[ActorID(actor)] = true
	}
	return slices.Collect(maps.Keys(met)), nil
}

func (r *reference) newer() bool { return false }

func (r *reference) holds(c *change.Change) (bool, error) { return r.has(c.Hash) }

func (r *reference) landmarks() ([]Hash, error) { return r.heads() }

// apply checks that the changes lead to the heads that they should: the binding
// says nothing of changes that it couldn't apply.
func (r *reference) apply(changes []*change.Change) (err error) {
	defer rescue(&err)
	before, err := r.heads()
	if err != nil {
		return err
	}
	chunks := make([][]byte, len(changes))
	for i, c := range changes {
		chunks[i] = c.Bytes()
	}
	if err := r.doc.LoadIncremental(bytes.Join(chunks, nil)); err != nil {
		return err
	}
	after, err := r.heads()
	if err != nil {
		return err
	}
	if want := tipsOf(before, changes); !slices.Equal(after, want) {
		return fmt.Errorf("%w: they lead to the heads %s, the document has %s", ErrMissing, want, after)
	}
	return nil
}

// tipsOf returns the heads that a document has once changes were added to it.
func tipsOf(heads []Hash, changes []*change.Change) []Hash {
	tips := map[Hash]bool{}
	for _, h := range heads {
		tips[h] = true
	}
	for _, c := range changes {
		if _, again := tips[c.Hash]; !again {
			tips[c.Hash] = true
		}
		for _, dep := range c.Deps {
			tips[dep] = false
		}
	}
	maps.DeleteFunc(tips, func(_ Hash, tip bool) bool { return !tip })
	return change.SortHashes(slices.Collect(maps.Keys(tips)))
}

// verify has nothing to do: the core verifies what it loads.
func (r *reference) verify() error { return nil }

func (r *reference) save() (_ []byte, err error) {
	defer rescue(&err)
	return r.doc.Save(), nil
}

// What an open document costs, as seen in the memory of a process that loaded
// many: documents of one change, of many, of many operations.
const (
	referencePerDocument = 24 << 10
	referencePerChange   = 1100
	referencePerOp       = 450
)

func (r *reference) memory(size census) int64 {
	return referencePerDocument + referencePerChange*size.changes + referencePerOp*size.ops
}

func (r *reference) fork(actor ActorID) (_ engine, err error) {
	defer rescue(&err)
	doc, err := r.doc.Fork()
	if err != nil {
		return nil, err
	}
	return named(doc, actor)
}

// at builds the document anew of its changes.
func (r *reference) at(actor ActorID, heads []Hash) (engine, census, error) {
	chunks, err := r.changes(nil)
	if err != nil {
		return nil, census{}, fmt.Errorf("%w: list changes: %w", ErrEngine, err)
	}
	past, err := pastOf(chunks, heads)
	if err != nil {
		return nil, census{}, err
	}
	built, err := newReference(actor)
	if err != nil {
		return nil, census{}, err
	}
	var size census
	for _, c := range past {
		size.add(c)
	}
	if err := built.apply(past); err != nil {
		return nil, census{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return built, size, nil
}

// pastOf picks the past of some heads out of a history, in its order.
func pastOf(history [][]byte, heads []Hash) ([]*change.Change, error) {
	wanted := map[Hash]bool{}
	for _, h := range heads {
		wanted[h] = true
	}
	var past []*change.Change
	for _, chunk := range slices.Backward(history) {
		c, err := change.ReadHeader(chunk)
		if err != nil || !wanted[c.Hash] { // what can't be read is a change of ours that was too large, being taken back
			continue
		}
		delete(wanted, c.Hash)
		for _, dep := range c.Deps {
			wanted[dep] = true
		}
		past = append(past, c)
	}
	for h := range wanted {
		return nil, fmt.Errorf("%w: %s", ErrUnknownHeads, h)
	}
	slices.Reverse(past)
	return past, whole(past)
}

// whole checks that a past holds each actor's changes without a gap: a change
// may leave its actor's previous one out of its past (JavaScript's changeAt),
// and the engine dies of that.
func whole(past []*change.Change) error {
	last := map[ActorID]uint64{}
	for _, c := range past {
		if last[c.Actor]++; last[c.Actor] != c.Seq {
			return fmt.Errorf("%w: change %d of %s", ErrDetached, c.Seq, c.Actor)
		}
	}
	return nil
}
