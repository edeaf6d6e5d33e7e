package main

import (
	"errors"
	"os"

	"github.com/godwit-sync/godwit/tools/rivals/turns"
)

// apply types the trace, each edit a change.
func (t *task) apply() (string, error) {
	var d document
	if err := t.growth("applyMemory", func() error {
		edits, err := t.trace("trace")
		if err != nil {
			return err
		}
		if d, err = newDocument(t.name); err != nil {
			return err
		}
		return t.figures.Time("apply", func() error { return d.typed(edits, func([]byte) {}) })
	}); err != nil {
		return "", err
	}
	var saved []byte
	if err := t.figures.Time("saveFirst", func() (err error) { saved, err = d.Save(); return err }); err != nil {
		return "", err
	}
	t.figures["savedBytes"] = float64(len(saved))
	if err := os.WriteFile(t.file("saved"), saved, 0o600); err != nil {
		return "", err
	}
	return d.text()
}

// record does the same, and keeps what others are to be sent of it.
func (t *task) record() (string, error) {
	edits, err := t.trace("trace")
	if err != nil {
		return "", err
	}
	more, err := t.trace("more")
	if err != nil {
		return "", err
	}
	d, err := newDocument(t.name)
	if err != nil {
		return "", err
	}
	first, err := d.Changes(nil)
	if err != nil {
		return "", err
	}
	changes := [][]byte{first[0].Bytes()}
	keep := func(made []byte) { changes = append(changes, made) }
	if err := t.figures.Time("record", func() error { return d.typed(edits, keep) }); err != nil {
		return "", err
	}
	for _, c := range changes {
		t.figures["wireBytes"] += float64(len(c))
	}
	if err := d.typed(more, keep); err != nil {
		return "", err
	}
	if err := os.WriteFile(t.file("changes"), framed(changes), 0o600); err != nil {
		return "", err
	}
	return d.text()
}

// live is how many changes of the last thousand arrive one by one.
const live = 100

// receive is another replica that is sent the trace at once, and then single
// keystrokes.
func (t *task) receive() (string, error) {
	raw, err := os.ReadFile(t.file("changes"))
	if err != nil {
		return "", err
	}
	more, err := t.trace("more")
	if err != nil {
		return "", err
	}
	changes := frames(raw)
	d, err := open(t.name, nil)
	if err != nil {
		return "", err
	}
	history := len(changes) - len(more)
	if err := t.figures.Time("receive", func() error {
		err := d.Apply(changes[:history]...)
		_, unreadable := d.text()
		return errors.Join(err, unreadable)
	}); err != nil {
		return "", err
	}
	var took []float64
	for _, c := range changes[history : history+live] {
		if took, err = turns.Timed(took, func() error { return d.Apply(c) }); err != nil {
			return "", err
		}
	}
	t.figures["receiveOne"] = turns.Middle(took)
	if err := d.Apply(changes[history+live:]...); err != nil {
		return "", err
	}
	return d.text()
}
