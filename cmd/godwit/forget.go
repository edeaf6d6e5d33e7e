package main

import (
	"context"
	"fmt"

	"github.com/godwit-sync/godwit/peer"
)

type forgetCommand struct {
	ID    documentID `arg:"" help:"The document's id or URL."`
	Force bool       `help:"Forget it although some changes may be nowhere else."`
}

// Help says more.
func (forgetCommand) Help() string {
	return `Its changes are deleted here, and it is no longer looked for. Others keep theirs, and "godwit doc get" can fetch it again from a relay that has it. What the relay is not known to have would be lost, so that needs --force.`
}

// Run forgets a document.
func (c forgetCommand) Run(ctx context.Context, a *app) error {
	return a.with(ctx, func(s *session) error {
		doc, err := s.Document(c.ID.id())
		if err != nil {
			return err
		}
		status, err := doc.Status()
		if err != nil {
			return err
		}
		if owing(status) && !c.Force {
			return fmt.Errorf("%s has changes that the relay is not known to have (%s), and they would be lost; \"godwit doc sync\" sends them, --force forgets them", doc.URL(), status.State)
		}
		if err := s.Forget(ctx, doc.ID()); err != nil {
			return err
		}
		s.a.notes.say("forgot %s: %s", doc.URL(), consequence(status))
		if !a.opts.JSON {
			return nil
		}
		return writeJSON(a.out, struct {
			Document  string `json:"document"`
			Forgotten bool   `json:"forgotten"`
		}{doc.ID().String(), true})
	})
}

// owing reports whether something of a document may be nowhere else.
func owing(status peer.Status) bool {
	return status.State == peer.Pending || status.State == peer.Refused
}

func consequence(status peer.Status) string {
	switch status.State {
	case peer.NotHere, peer.Unavailable:
		return "it is no longer looked for"
	case peer.Synced:
		return "its changes are deleted here, the relay keeps them"
	default:
		return "its changes are deleted here, and perhaps everywhere"
	}
}
