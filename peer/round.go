package peer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/record"
)

// round is some conflicts of a record that resolvers are asked about.
type round struct {
	c        *collection
	id       crdt.DocumentID
	own      func(crdt.ActorID) bool
	found    *conflicts
	failures failures

	fields []fieldConflict
	merger *merger
	merged []record.Conflict // the merger is asked about these

	answers []answer
	refused []refusal
}

type fieldConflict struct {
	resolver *fieldResolver
	conflict record.Conflict
}

// refusal is conflicts that were not resolved.
type refusal struct {
	of  []record.Conflict
	why error
}

// maxAsked is how many conflicts of a record are in one round.
const maxAsked = 256

// round returns the conflicts of a record that are to be resolved; nil if there are
// none.
func (c *collection) round(ctx context.Context, id crdt.DocumentID) (*round, error) {
	r := &round{c: c, id: id, own: c.peer.isOwn(id)}
	err := c.peer.Commit(ctx, func(tx *Tx) (err error) {
		r.found, err = tx.conflicts(ctx, c, id)
		return err
	})
	if err != nil || r.found == nil {
		return nil, err
	}
	if r.failures, err = c.peer.readFailures(id); err != nil {
		return nil, err
	}
	r.fill(c.resolving.who())
	if r.size() == 0 {
		return nil, nil
	}
	return r, nil
}

func (r *round) size() int { return len(r.fields) + len(r.merged) }

// fill takes in the conflicts that somebody is to be asked about. What lies in
// another one waits: it may be gone when that is resolved.
func (r *round) fill(who resolvers) {
	room := min(maxAsked, maxFailures-len(r.failures))
	var outer []any
	for _, c := range r.found.conflicts {
		isInner := outer != nil && len(c.Path) > len(outer) && slices.Equal(c.Path[:len(outer)], outer)
		if r.size() >= room || isInner || !c.Resolvable(r.own) || r.failures.of(c) != nil {
			continue
		}
		field, merger := who.of(c)
		switch {
		case merger != nil:
			r.merger, r.merged = merger, append(r.merged, c)
		case field != nil:
			r.fields = append(r.fields, fieldConflict{field, c})
		default:
			continue
		}
		outer = c.Path
	}
}

// ask asks the resolvers, without any lock held.
func (r *round) ask() {
	for _, f := range r.fields {
		if a, err := f.ask(r.id, r.own, r.found.shown); err != nil {
			r.refused = append(r.refused, refusal{[]record.Conflict{f.conflict}, err})
		} else {
			r.answers = append(r.answers, a)
		}
	}
	if r.merger == nil {
		return
	}
	answers, err := r.merger.ask(r.found.shown, r.merged, r.own)
	if err != nil {
		r.refused = append(r.refused, refusal{r.merged, err})
		return
	}
	r.answers = append(r.answers, answers...)
}

func (f fieldConflict) ask(id crdt.DocumentID, own func(crdt.ActorID) bool, shown map[string]any) (answer, error) {
	c, err := conflictOf(f.resolver.typ, id, f.conflict, own)
	if err != nil {
		return answer{}, err
	}
	var value any
	err = checked(func() (err error) {
		value, err = f.resolver.ask(c)
		return err
	})
	if err != nil {
		return answer{}, err
	}
	a, err := answerOf(f.conflict, value)
	if err == nil {
		err = a.fits(f.resolver.typ, shown)
	}
	return a, err
}

// conclude makes the answers durable, and what was not answered. It reports whether
// there may be more to ask about, unless the record comes again anyhow, as it is
// another one then.
func (r *round) conclude(ctx context.Context) (more bool, err error) {
	err = r.write(ctx)
	if errors.Is(err, ErrInvalid) {
		r.refuseAnswers(err)
	} else if err != nil {
		return false, err
	}
	if len(r.refused) == 0 {
		return false, nil
	}
	noted, err := r.report(ctx)
	return noted && len(r.answers) == 0, err
}

func (r *round) write(ctx context.Context) error {
	if len(r.answers) == 0 {
		return nil
	}
	return r.c.peer.Commit(ctx, func(tx *Tx) error {
		d, err := tx.found(ctx, r.c, r.id)
		if err != nil {
			return err
		}
		return d.resolve(r.answers...)
	})
}

// refuseAnswers notes that the answers make no valid record.
func (r *round) refuseAnswers(why error) {
	of := make([]record.Conflict, len(r.answers))
	for i, a := range r.answers {
		of[i] = a.conflict
	}
	r.refused, r.answers = append(r.refused, refusal{of, why}), nil
}

// report says what was not resolved, and notes it, so that nobody is asked about it
// again.
func (r *round) report(ctx context.Context) (noted bool, err error) {
	for _, refusal := range r.refused {
		field := Conflict{Path: refusal.of[0].Path}.Field()
		r.c.peer.config.Logger.Warn("a conflict is not resolved", "collection", r.c.name, "record", r.id, "field", field, "error", refusal.why)
		r.failures = r.failures.with(refusal.why, refusal.of, r.found.conflicts)
	}
	if noted, err = r.c.writeFailures(ctx, r.id, r.failures); err != nil {
		return false, fmt.Errorf("note what is not resolved: %w", err)
	}
	r.c.tellUnresolved(r.id, r.refused[0].why)
	return noted, nil
}
