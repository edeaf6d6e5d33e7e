package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/peer"
)

// outcome is what commands say of a document, in JSON.
type outcome struct {
	Document string `json:"document"`
	URL      string `json:"url"`
	State    string `json:"state"`
	Reason   string `json:"reason,omitempty"`
}

func outcomeOf(doc *peer.Document, status peer.Status) outcome {
	return outcome{doc.ID().String(), doc.URL(), status.State.String(), status.Reason}
}

// send gives the relay a moment to take what was changed here, and says where
// the change is now. It is here in any case.
func (s *session) send(ctx context.Context, doc *peer.Document) error {
	if s.relay == "" {
		s.a.notes.say("saved here")
		return nil
	}
	err := s.down
	if err == nil {
		err = s.settle(ctx, doc)
	}
	switch {
	case err == nil:
		s.a.notes.say("saved here and at the relay")
	case ctx.Err() != nil:
		s.a.notes.say("saved here; \"godwit doc sync\" sends it")
		return ctx.Err()
	case errors.Is(err, peer.ErrRefused):
		return fmt.Errorf("%w: saved here, but the relay refuses it: %w", errNotSynced, err)
	default:
		s.a.notes.say("saved here; \"godwit doc sync\" sends it, for now there is no link: %s", explain(err))
	}
	return nil
}

// tell writes the outcome of a change, for programs.
func (s *session) tell(doc *peer.Document, changed bool) error {
	if !s.a.opts.JSON {
		return nil
	}
	status, err := doc.Status()
	if err != nil {
		return err
	}
	return writeJSON(s.a.out, struct {
		outcome
		Changed bool `json:"changed"`
	}{outcomeOf(doc, status), changed})
}
