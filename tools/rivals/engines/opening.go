package main

import (
	"os"

	"github.com/godwit-sync/godwit/internal/load"
	"github.com/godwit-sync/godwit/tools/rivals/turns"
)

// load opens the document and writes to it.
func (t *task) load() (string, error) {
	var d document
	var cold []float64
	if err := t.growth("loadMemory", func() (err error) { d, cold, err = t.opened(nil); return err }); err != nil {
		return "", err
	}
	t.figures["loadCold"] = cold[0]
	more, err := t.trace("more")
	if err != nil {
		return "", err
	}
	if err := t.used(d, more); err != nil {
		return "", err
	}
	warm, err := t.warm()
	if err != nil {
		return "", err
	}
	t.figures["loadWarm"] = turns.Middle(warm)
	return d.text()
}

// reopened is how often the document is opened again.
const reopened = 5

// warm opens the document again and again, and at last verifies it, too, if
// opening it has not done that.
func (t *task) warm() (took []float64, err error) {
	for i := range reopened {
		var d document
		if d, took, err = t.opened(took); err != nil {
			return nil, err
		}
		if i == reopened-1 && t.name == native {
			err = t.figures.Time("verify", d.Verify)
		}
		d.Close()
	}
	return took, err
}

// opened opens the saved document and adds how long it took until its text
// could be read.
func (t *task) opened(before []float64) (d document, took []float64, err error) {
	saved, err := os.ReadFile(t.file("saved"))
	if err != nil {
		return d, nil, err
	}
	took, err = turns.Timed(before, func() error {
		if d, err = open(t.name, saved); err != nil {
			return err
		}
		_, err := d.text()
		return err
	})
	return d, took, err
}

// used types into an open document, reads it each time, and saves it.
func (t *task) used(d document, more []load.Keystroke) error {
	var typing, reading []float64
	var err error
	for _, k := range more {
		if typing, err = turns.Timed(typing, func() error { _, err := d.splice(k); return err }); err != nil {
			return err
		}
		if reading, err = turns.Timed(reading, func() error { _, err := d.text(); return err }); err != nil {
			return err
		}
	}
	t.figures["keystrokeFirst"] = typing[0]
	t.figures["keystroke"] = turns.Middle(typing)
	t.figures["read"] = turns.Middle(reading)
	return t.figures.Time("save", func() error { _, err := d.Save(); return err })
}
