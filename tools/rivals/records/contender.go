package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/tools/rivals/turns"
)

// task is what godwit does in a process of its own, as contender.mjs has PouchDB
// do it.
type task struct {
	dir     string
	url     string
	figures turns.Figures
}

var errUsage = errors.New("a contender is told NAME TASK DIRECTORY [URL]")

// contribute does one task and prints its outcome.
func contribute(ctx context.Context, args []string) error {
	if len(args) < 3 {
		return errUsage
	}
	t := &task{dir: args[2], figures: turns.Figures{}}
	if len(args) > 3 {
		t.url = args[3]
	}
	run, ok := map[string]func(context.Context) (string, error){create: t.create, read: t.read, replicate: t.replicate}[args[1]]
	if !ok {
		return errUsage
	}
	text, err := run(ctx)
	if err != nil {
		return err
	}
	return t.figures.Tell(text)
}

const (
	singly = 10  // one of so many records is created alone
	batch  = 100 // and the others so many at once
	reads  = 1000
)

// create creates a tenth of the records one by one, the others in batches.
func (t *task) create(ctx context.Context) (text string, err error) {
	var records []employee
	if err := t.load("records", &records); err != nil {
		return "", err
	}
	s, err := t.open("main")
	if err != nil {
		return "", err
	}
	alone := len(records) / singly
	var one []float64
	for _, e := range records[:alone] {
		if one, err = turns.Timed(one, func() error { _, err := s.employees.Create(ctx, e); return err }); err != nil {
			return "", err
		}
	}
	t.figures["createOne"] = turns.Middle(one)
	if err := t.figures.Time("createBatched", func() error { return s.createAll(ctx, records[alone:]) }); err != nil {
		return "", err
	}
	t.figures["createBatched"] /= float64(len(records) - alone)
	if text, err = s.text(ctx); err != nil {
		return "", err
	}
	if err := s.peer.Close(); err != nil {
		return "", err
	}
	t.figures["diskBytes"], err = diskBytes(t.path("main"))
	return text, err
}

func (s *store) createAll(ctx context.Context, records []employee) error {
	for some := range slices.Chunk(records, batch) {
		err := s.peer.Commit(ctx, func(tx *peer.Tx) error {
			for _, e := range some {
				if _, err := s.employees.In(tx).Create(ctx, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// diskBytes is the size of all files in a directory.
func diskBytes(dir string) (sum float64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sum += float64(info.Size())
		}
		return err
	})
	return sum, err
}

// collection is what the records are in.
const collection = "acme/employees"

// store is one directory of records.
type store struct {
	peer      *peer.Peer
	employees *peer.Records[employee]
}

func (t *task) path(which string) string { return filepath.Join(t.dir, "godwit", which) }

func (t *task) load(name string, to any) error {
	raw, err := os.ReadFile(filepath.Join(t.dir, name+".json"))
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, to)
}

func (t *task) open(which string) (*store, error) {
	p, err := peer.Open(peer.Config{Path: t.path(which), Relay: t.url})
	if err != nil {
		return nil, err
	}
	employees, err := peer.CollectionOf[employee](p, collection, peer.Index("Department", "Name"))
	return &store{p, employees}, err
}

// all are the records of a query.
func (s *store) all(ctx context.Context, q peer.Query) (all []employee, ids []crdt.DocumentID, err error) {
	for r, err := range s.employees.Find(ctx, q) {
		if err != nil {
			return nil, nil, err
		}
		all, ids = append(all, r.Value), append(ids, r.ID)
	}
	return all, ids, nil
}

func (s *store) text(ctx context.Context) (string, error) {
	all, _, err := s.all(ctx, peer.Query{})
	return written(all), err
}
