package crdt

import (
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
	built := &Doc{actor: actor, engines: d.engines}
	if built.engine, err = d.engines.make(actor); err != nil {
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

// take adds change chunks, except those that are here. It adds all or none.
func (d *Doc) take(chunks [][]byte) error {
	next := batch{tips: tipsOf(d.heads), size: d.size}
	for _, chunk := range chunks {
		c, err := change.ReadHeader(chunk)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if c.NewerFormat {
			return fmt.Errorf("%w: change %s", ErrNewerFormat, c.Hash)
		}
		known, err := d.engine.holds(c)
		if err != nil {
			return d.noted(err)
		}
		if !known {
			next.add(c)
		}
	}
	if len(next.changes) == 0 {
		return nil
	}
	if err := d.grow(&next); err != nil {
		return d.undo(err)
	}
	d.heads, d.size = next.tips.sorted(), next.size
	return nil
}

// grow gives a batch to the engine and checks that it leads to the heads that
// it should: the engine says nothing of changes that it couldn't apply.
func (d *Doc) grow(next *batch) error {
	if err := d.engine.apply(next.changes); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	heads, err := d.engine.heads()
	if err != nil {
		return fmt.Errorf("%w: heads: %w", ErrEngine, err)
	}
	if !slices.Equal(heads, next.tips.sorted()) {
		return fmt.Errorf("%w: they lead to the heads %s, the document has %s", ErrMissing, next.tips.sorted(), heads)
	}
	return nil
}

// has reports whether a change is in the document.
func (d *Doc) has(h Hash) (bool, error) {
	if len(d.heads) == 0 || slices.Contains(d.heads, h) {
		return len(d.heads) > 0, nil
	}
	known, err := d.engine.has(h)
	if err != nil {
		return false, fmt.Errorf("%w: look for %s: %w", ErrEngine, h, err)
	}
	return known, nil
}

// batch is changes on their way into a document, and what it will be with them.
type batch struct {
	changes []*change.Change
	tips    tips
	size    census
}

func (b *batch) add(c *change.Change) {
	if _, again := b.tips[c.Hash]; again {
		return
	}
	b.changes = append(b.changes, c)
	b.size.add(c)
	b.tips[c.Hash] = true
	for _, dep := range c.Deps {
		b.tips[dep] = false
	}
}

// tips says of hashes whether they are heads.
type tips map[Hash]bool

func tipsOf(heads []Hash) tips {
	t := tips{}
	for _, h := range heads {
		t[h] = true
	}
	return t
}

func (t tips) sorted() []Hash {
	var heads []Hash
	for h, tip := range t {
		if tip {
			heads = append(heads, h)
		}
	}
	return change.SortHashes(heads)
}

// undo brings the document back to its heads after an error: what the engine
// holds beyond them may be anything.
func (d *Doc) undo(err error) error {
	err = d.noted(err)
	if d.fault != nil {
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
	released(d.engine, d.size)
	d.engine, d.heads, d.size = other.engine, other.heads, other.size
}
