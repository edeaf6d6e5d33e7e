package replica_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
)

// participant is whoever connects to the relay: a model of a foreign client, or
// a peer of ours.
type participant interface {
	Reconnect()
	Edit() *change.Change
	Generate() (data []byte, request bool)
	Receive(data []byte) error
	Heads() []change.Hash
	Changes() []*change.Change
	Len() int
}

// homely is a peer of ours: a document with a store of its own.
type homely struct {
	w      *world
	name   string
	doc    replica.Document
	author *replicatest.Client // what its application has
	log    []*change.Change    // its store

	relay    *replica.Neighbour // nil while it is not connected
	talked   bool               // about the document, over this connection
	owed     bool
	lost     bool // the connection is to be closed
	shared   []change.Hash
	standing *replica.Standing
	found    *replica.Engaged // by looking into its store; nil: it will look

	loading    bool
	continued  bool
	forgetting bool
	purging    bool
	forgot     int // so many times
	append     *replica.Append
	joint      *replica.Joint // the newest, until it is over
	made       int            // edits that were neither kept nor given back
}

// peer lets somebody be a peer of ours.
func (w *world) peer(name string) *homely {
	p := &homely{w: w, name: name, author: replicatest.NewClient(name)}
	w.clients[name] = p
	w.homes = append(w.homes, p)
	return p
}

func (p *homely) step(ev replica.Event) *replica.Send {
	var fx replica.Effects
	p.doc.Step(ev, &fx)
	if fx.Load {
		p.loading = true
		p.w.say("%s: load", p.name)
	}
	if fx.Append != nil {
		if p.append != nil {
			p.w.t.Fatal("an append while another is under way")
		}
		p.append = fx.Append
		p.w.say("%s: append %s, %d made here", p.name, p.w.list(hashesOf(fx.Append.Changes)), fx.Append.Own)
	}
	p.purging = p.purging || fx.Purge
	p.continued = p.continued || fx.Again
	p.owed = p.owed || len(fx.Owed) > 0
	p.lost = p.lost || len(fx.Failed) > 0
	p.report(&fx)
	return fx.Send
}

func (p *homely) report(fx *replica.Effects) {
	for _, r := range fx.Refusals {
		p.w.say("%s: refuses %s: %s", p.name, p.w.list([]change.Hash{r.Hash}), r.Reason)
	}
	if fx.Failure != nil {
		p.w.say("%s: failed: %v", p.name, fx.Failure)
	}
	if fx.Unavailable {
		p.w.say("%s: is told that it is unavailable", p.name)
	}
	if fx.Heard != nil {
		s := *fx.Heard
		p.standing, p.shared = &s, s.Shared
		p.checkStanding(s)
	}
}

// checkStanding checks what the peer believes of the relay, which may have more
// by now.
func (p *homely) checkStanding(s replica.Standing) {
	if !s.Synced {
		return
	}
	for _, c := range p.log {
		if !slices.ContainsFunc(p.w.log, func(kept *change.Change) bool { return kept.Hash == c.Hash }) {
			p.w.t.Errorf("%s believes that the relay has %s", p.name, p.w.list([]change.Hash{c.Hash}))
		}
	}
}

// describe says what the peer believes.
func (p *homely) describe() string {
	s, engaged := p.doc.Standing()
	return fmt.Sprintf("engaged %t, has %t, synced %t, ahead %t, shared %s",
		engaged, s.Has, s.Synced, s.Ahead, p.w.list(s.Shared))
}

// Edit makes a change on top of what the application has.
func (p *homely) Edit() *change.Change {
	made := p.edit()
	p.make(made)
	return made
}

func (p *homely) edit() *change.Change {
	made := p.author.Edit()
	p.w.name(made)
	return made
}

func (p *homely) make(changes ...*change.Change) {
	p.step(&replica.Made{Changes: changes, Done: p.answer(changes)})
}

// answer returns what is to be told once of changes that are made.
func (p *homely) answer(changes []*change.Change) func(error) {
	p.made++
	answered := false
	return func(err error) {
		if answered {
			p.w.t.Errorf("%s: an edit was answered twice", p.name)
		}
		answered = true
		p.made--
		p.answered(changes, err)
	}
}

// joiner takes down a share of a commit of several documents.
type joiner struct {
	p    *homely
	done func(error)
}

func (j joiner) Staged(a *replica.Append) {
	if j.p.append != nil {
		j.p.w.t.Fatal("an append while another is under way")
	}
	j.p.append = a
	j.p.w.say("%s: staged %s", j.p.name, j.p.w.list(hashesOf(a.Changes)))
}

func (j joiner) Done(err error) {
	j.p.joint = nil
	j.done(err)
}

// join has changes appended together with those of other documents.
func (p *homely) join(changes ...*change.Change) {
	if p.joint != nil {
		return
	}
	p.joint = &replica.Joint{Changes: changes, Joiner: joiner{p, p.answer(changes)}}
	p.step(p.joint)
}

var errOther = errors.New("another document refuses")

// withdraw takes the joint back.
func (p *homely) withdraw() bool {
	if p.joint == nil {
		return false
	}
	if p.append != nil && p.append.Changes[0] == p.joint.Changes[0] {
		p.append = nil
	}
	p.step(replica.Withdrawn{Joint: p.joint, Err: errOther})
	return true
}

func (p *homely) answered(changes []*change.Change, err error) {
	for _, c := range changes {
		kept := slices.ContainsFunc(p.log, func(l *change.Change) bool { return l.Hash == c.Hash })
		if err == nil && !kept {
			p.w.t.Errorf("%s: an edit is acknowledged before it is durable", p.name)
		}
	}
	if err != nil {
		p.w.say("%s: %v", p.name, err)
		p.author = replicatest.NewClient(p.actor())
		p.author.Take(p.log...)
	}
}

// Reconnect begins a connection, after the end of the last.
func (p *homely) Reconnect() {
	p.Leave()
	p.relay = &replica.Neighbour{Origin: originOf("relay"), Refusals: true, Joined: true}
	p.engage()
}

// engage begins the conversation, from what was found when the owner last looked
// into its store.
func (p *homely) engage() {
	ev := p.found
	if p.found = nil; ev == nil {
		ev = p.look()
	}
	ev.Neighbour, ev.Renewed = p.relay, p.talked
	p.talked = true
	p.step(ev)
}

// look finds out whether what is shared is all that the store has.
func (p *homely) look() *replica.Engaged {
	heads := map[change.Hash]bool{}
	for _, c := range p.log {
		heads[c.Hash] = true
		for _, dep := range c.Deps {
			delete(heads, dep)
		}
	}
	whole := slices.Equal(change.SortHashes(slices.Collect(maps.Keys(heads))), p.shared)
	return &replica.Engaged{Shared: p.shared, Version: p.doc.Version(), Whole: whole}
}

// Leave ends the connection.
func (p *homely) Leave() {
	if p.relay != nil {
		p.step(replica.Left{Neighbour: p.relay})
	}
	p.relay, p.talked, p.owed, p.lost = nil, false, false, false
}

// Generate returns the next sync message.
func (p *homely) Generate() (data []byte, request bool) {
	for p.owed && p.relay != nil {
		p.owed = false
		send := p.step(replica.Writable{To: p.relay, MaxBytes: 1 << 20})
		if send != nil && send.Reply != nil {
			return p.encode(send.Reply), send.Request
		}
	}
	return nil, false
}

func (p *homely) encode(reply *sync.Reply) []byte {
	m := reply.Message
	for _, h := range m.Heads {
		if !slices.ContainsFunc(p.log, func(c *change.Change) bool { return c.Hash == h }) {
			p.w.t.Errorf("%s names %s before it is durable", p.name, p.w.list([]change.Hash{h}))
		}
	}
	for _, i := range reply.Indices {
		m.Changes = append(m.Changes, p.log[i].Bytes())
	}
	return m.Append(nil)
}

// Receive takes a sync message in.
func (p *homely) Receive(data []byte) error {
	message, err := sync.Decode(data)
	if err != nil {
		return err
	}
	p.w.unfinished++
	p.step(&replica.Received{
		From: p.relay, Message: message, Changes: parseAll(p.w.t, message.Changes),
		Finished: func() { p.w.unfinished-- },
	})
	return nil
}

// hear takes in what is no sync message.
func (p *homely) hear(send *replica.Send) {
	if send.Unavailable {
		p.step(replica.Unavailable{From: p.relay})
	}
}

func (p *homely) loaded(err error) bool {
	if !p.loading {
		return false
	}
	p.loading = false
	p.w.damaged = p.w.damaged || errors.Is(err, errDamage)
	if err != nil {
		p.step(replica.Loaded{Err: err})
		return true
	}
	g := graph.New()
	for _, c := range p.log {
		if err := g.Restore(c); err != nil {
			p.w.t.Fatal(err)
		}
	}
	p.step(replica.Loaded{Graph: g})
	return true
}

func (p *homely) appended(err error) bool {
	if p.append == nil {
		return false
	}
	a := p.append
	p.append = nil
	if err == nil {
		if a.Base != len(p.log) {
			p.w.t.Fatalf("%s: an append at %d to a log of %d", p.name, a.Base, len(p.log))
		}
		for i, c := range a.Changes {
			if own := c.Actor == change.ActorID(p.actor()); own != (i < a.Own) {
				p.w.t.Errorf("%s: %s is taken to be made here: %t", p.name, p.w.list([]change.Hash{c.Hash}), !own)
			}
		}
		p.log = append(p.log, a.Changes...)
		p.author.Take(a.Changes...) // it may have forgotten its own since
	}
	p.step(replica.Appended{Err: err})
	return true
}

func (p *homely) purged(err error) bool {
	if !p.purging {
		return false
	}
	p.purging = false
	if err == nil {
		p.forgot++
		p.log, p.shared, p.standing = nil, nil, nil
		p.author = replicatest.NewClient(p.actor())
	}
	p.step(replica.Purged{Err: err})
	return true
}

// forget has the document removed from the peer's store.
func (p *homely) forget() {
	p.forgetting = true
	p.step(&replica.Purge{Done: func(err error) {
		p.forgetting = false
		p.w.say("%s: forgotten: %v", p.name, err)
	}})
}

// actor names who writes here: after it has forgotten, others may have what was
// made before.
func (p *homely) actor() string { return p.name + strings.Repeat("'", p.forgot) }

func (p *homely) goOn() bool {
	if !p.continued {
		return false
	}
	p.continued = false
	p.step(replica.Continued{})
	return true
}

// work does what the peer waits for.
func (p *homely) work() (busy bool) {
	for _, did := range []bool{p.loaded(nil), p.appended(nil), p.purged(nil), p.goOn()} {
		busy = busy || did
	}
	return busy
}

// Heads returns the heads of the store.
func (p *homely) Heads() []change.Hash { return headsOf(p.log) }

// Changes returns what the store has.
func (p *homely) Changes() []*change.Change { return slices.Clone(p.log) }

// Len returns how many changes the store has.
func (p *homely) Len() int { return len(p.log) }
