package main

import (
	"bytes"
	"errors"
	"runtime"

	"github.com/godwit-sync/godwit/crdt"
)

var errRecord = errors.New("the record is another")

// small is about many small documents.
func (t *task) small() (string, error) {
	d, err := newRecord(t.name)
	if err != nil {
		return "", err
	}
	saved, err := d.Save()
	if err != nil {
		return "", err
	}
	t.figures["smallBytes"] = float64(len(saved))
	create := func() (document, error) { return newRecord(t.name) }
	load := func() (document, error) {
		d, err := open(t.name, bytes.Clone(saved))
		if err != nil {
			return d, err
		}
		if name, err := d.field("name"); err != nil || crdt.ImmutableString(name) != record[1].value {
			return d, errors.Join(err, errRecord)
		}
		return d, nil
	}
	if err := t.each("smallCreate", create); err != nil {
		return "", err
	}
	if err := t.each("smallLoad", load); err != nil {
		return "", err
	}
	return "", t.held(load)
}

// each makes and closes documents, twice, of which the second time counts.
func (t *task) each(figure string, make func() (document, error)) error {
	many := t.documents / 5
	for range 2 {
		if err := t.figures.Time(figure, func() error {
			for range many {
				d, err := make()
				if err != nil {
					return err
				}
				d.Close()
			}
			return nil
		}); err != nil {
			return err
		}
	}
	t.figures[figure] /= float64(many)
	return nil
}

// held measures the memory of many open documents.
func (t *task) held(load func() (document, error)) error {
	docs := make([]document, t.documents)
	err := t.growth("smallMemory", func() (err error) {
		for i := range docs {
			if docs[i], err = load(); err != nil {
				return err
			}
		}
		return nil
	})
	t.figures["smallMemory"] /= float64(len(docs))
	runtime.KeepAlive(docs)
	return err
}
