package crdt

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// at makes a document of the past of some heads, for an actor.
func (d *Doc) at(actor ActorID, heads []Hash) (*Doc, error) {
	chunks, err := d.engine.changes(nil)
	if err != nil {
		return nil, fmt.Errorf("%w: list changes: %w", ErrEngine, err)
	}
	past, err := pastOf(chunks, heads)
	if err != nil {
		return nil, err
	}
	built := &Doc{actor: actor}
	if built.engine, err = newEngine(actor); err != nil {
		return nil, err
	}
	return built, built.take(past)
}

// pastOf picks the past of some heads out of a history, in its order.
func pastOf(history [][]byte, heads []Hash) ([][]byte, error) {
	wanted := tipsOf(heads)
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
	return inOrder(past)
}

// inOrder returns the chunks of a past after checking that it holds each
// actor's changes without a gap: a change may leave its actor's previous one
// out of its past (JavaScript's changeAt), and the engine dies of that.
func inOrder(past []*change.Change) ([][]byte, error) {
	last := map[ActorID]uint64{}
	chunks := make([][]byte, len(past))
	for i, c := range past {
		if last[c.Actor]++; last[c.Actor] != c.Seq {
			return nil, fmt.Errorf("%w: change %d of %x", ErrDetached, c.Seq, c.Actor)
		}
		chunks[i] = c.Bytes()
	}
	return chunks, nil
}

// take adds change chunks. It adds all or none.
func (d *Doc) take(chunks [][]byte) error {
	if len(chunks) == 0 {
		return nil
	}
	tips, size := tipsOf(d.heads), d.size
	for _, chunk := range chunks {
		c, err := change.ReadHeader(chunk)
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		case c.NewerFormat:
			return fmt.Errorf("%w: change %s", ErrNewerFormat, c.Hash)
		}
		tips.add(c)
		size.add(c)
	}
	heads, err := d.grow(bytes.Join(chunks, nil), tips)
	if err != nil {
		return d.undo(err)
	}
	d.heads, d.size = heads, size
	return nil
}

// grow gives changes to the engine and returns its heads, if they are what
// those changes lead to: the engine says nothing about changes that it couldn't
// apply.
func (d *Doc) grow(chunks []byte, want tips) ([]Hash, error) {
	if err := d.engine.apply(chunks); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	heads, err := d.engine.heads()
	if err != nil {
		return nil, fmt.Errorf("%w: heads: %w", ErrEngine, err)
	}
	for _, h := range heads {
		if !want[h] {
			return nil, fmt.Errorf("%w: after applying them, %s is still a head", ErrMissing, h)
		}
		delete(want, h)
	}
	for h := range want { // a change that was here before and isn't a head
		known, err := d.engine.has(h)
		if err != nil {
			return nil, fmt.Errorf("%w: look for %s: %w", ErrEngine, h, err)
		}
		if !known {
			return nil, fmt.Errorf("%w: %s could not be applied", ErrMissing, h)
		}
	}
	return heads, nil
}

// undo brings the document back to its heads after an error: what the engine
// holds beyond them may be anything.
func (d *Doc) undo(err error) error {
	if d.noted(err); d.fault != nil {
		return err
	}
	former, failed := d.at(d.actor, d.heads)
	if failed != nil {
		d.fault = fmt.Errorf("%w; close the document and load it again: %w", ErrEngine, failed)
		return fmt.Errorf("%w; after: %w", d.fault, err)
	}
	d.become(former)
	return err
}

// become puts another document in the place of this one, whose engine is left
// to the collector.
func (d *Doc) become(other *Doc) {
	released(d.size)
	d.engine, d.heads, d.size = other.engine, other.heads, other.size
}

// tips are the hashes among which the heads must be.
type tips map[Hash]bool

func tipsOf(heads []Hash) tips {
	t := tips{}
	for _, h := range heads {
		t[h] = true
	}
	return t
}

func (t tips) add(c *change.Change) {
	for _, dep := range c.Deps {
		delete(t, dep)
	}
	t[c.Hash] = true
}
