package main

import (
	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/load"
)

// document is a text, or a record of ten fields, as an engine of package crdt
// keeps it.
type document struct{ *crdt.Doc }

// open opens a saved document, or an empty one, with the engine of that name.
func open(name string, saved []byte) (document, error) {
	engine := crdt.Native()
	if name == reference {
		engine = crdt.Reference()
	}
	doc, err := crdt.Load(crdt.NewActorID(), saved, engine)
	return document{doc}, err
}

// newDocument returns a document with an empty text.
func newDocument(name string) (document, error) {
	d, err := open(name, nil)
	if err != nil {
		return d, err
	}
	_, err = d.Change(func(root crdt.Map) error { return root.Set("text", "") })
	return d, err
}

// newRecord returns a small document.
func newRecord(name string) (document, error) {
	d, err := open(name, nil)
	if err != nil {
		return d, err
	}
	_, err = d.Change(func(root crdt.Map) error {
		for _, f := range record {
			if err := root.Set(f.key, f.value); err != nil {
				return err
			}
		}
		return nil
	})
	return d, err
}

// splice makes one change, and returns its bytes.
func (d document) splice(k load.Keystroke) ([]byte, error) {
	made, err := d.Change(func(root crdt.Map) error { return root.Get("text").Text().Splice(k.At, k.Delete, k.Insert) })
	if err != nil {
		return nil, err
	}
	return made.Bytes(), nil
}

func (d document) text() (string, error) { return d.field("text") }

func (d document) field(key string) (value string, err error) {
	err = d.View(func(root crdt.Map) error {
		value = root.Get(key).Str()
		return nil
	})
	return value, err
}

type field struct {
	key   string
	value any
}

// record has ten fields; its strings are not to be edited.
var record = func() (fields []field) {
	for _, key := range []string{"id", "name", "mail", "phone", "street", "city", "zip", "age", "active", "note"} {
		f := field{key, crdt.ImmutableString("value of " + key)}
		switch key {
		case "age":
			f.value = 7
		case "active":
			f.value = true
		}
		fields = append(fields, f)
	}
	return fields
}()

// typed makes each edit a change, and hands their bytes over.
func (d document) typed(edits []load.Keystroke, made func(chunk []byte)) error {
	for _, k := range edits {
		chunk, err := d.splice(k)
		if err != nil {
			return err
		}
		made(chunk)
	}
	return nil
}
