package main

import (
	"context"
	"strings"

	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/tools/rivals/turns"
)

// read looks for records: by id, and in each department, by name.
func (t *task) read(ctx context.Context) (text string, err error) {
	if t.figures["before"], err = turns.Memory(); err != nil {
		return "", err
	}
	var s *store
	if err := t.figures.Time("open", func() error { s, err = t.open("main"); return err }); err != nil {
		return "", err
	}
	if err := t.get(ctx, s); err != nil {
		return "", err
	}
	if err := t.figures.Time("index", func() error { return t.index(ctx, s) }); err != nil {
		return "", err
	}
	if text, err = t.query(ctx, s); err != nil {
		return "", err
	}
	if t.figures["idle"], err = turns.Memory(); err != nil {
		return "", err
	}
	return text, s.peer.Close()
}

func (t *task) get(ctx context.Context, s *store) error {
	_, ids, err := s.all(ctx, peer.Query{})
	if err != nil {
		return err
	}
	var took []float64
	for i := range reads {
		id := ids[i*7919%len(ids)]
		if took, err = turns.Timed(took, func() error { _, err := s.employees.Get(ctx, id); return err }); err != nil {
			return err
		}
	}
	t.figures["get"] = turns.Middle(took)
	return nil
}

// index adds another index than that by which they are looked for.
func (t *task) index(ctx context.Context, s *store) error {
	records, err := peer.CollectionOf[employee](s.peer, collection, peer.Index("Department", "Age"))
	if err != nil {
		return err
	}
	return records.Ready(ctx)
}

func (t *task) query(ctx context.Context, s *store) (string, error) {
	var departments []string
	if err := t.load("departments", &departments); err != nil {
		return "", err
	}
	var text strings.Builder
	var took []float64
	for _, department := range departments {
		var found []employee
		var err error
		took, err = turns.Timed(took, func() error {
			found, _, err = s.all(ctx, peer.Where("Department").Is(department).OrderBy("Name").Limit(each))
			return err
		})
		if err != nil {
			return "", err
		}
		for _, e := range found {
			text.WriteString(e.Name + "\n")
		}
	}
	t.figures["query"] = turns.Middle(took)
	return text.String(), nil
}
