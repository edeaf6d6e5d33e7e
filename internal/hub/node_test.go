package hub_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/storage"
)

// node is a peer of ours: a hub with a store of its own that joins the network's.
type node struct {
	n     *network
	t     testing.TB
	name  string
	hub   *hub.Hub
	store *memory
	seen  *observations

	conn  *socket.Conn // the present one
	link  *hub.Link
	ended chan error

	mu          sync.Mutex
	told        *sync.Cond // broadcast whenever the keeper was told something
	docs        map[docid.ID]*replicatest.Client
	length      map[docid.ID]int // of the log, as the keeper was told
	shared      map[docid.ID][]change.Hash
	closedDoor  map[docid.ID]bool // documents that are not admitted
	standing    map[docid.ID]hub.Standing
	unavailable map[docid.ID]int
	refused     map[docid.ID][]refusal
	failed      map[docid.ID][]error
	whispers    []wire.Ephemeral
	twins       []string
	viewing     map[docid.ID]bool // an append was viewed and has not ended
}

type refusal struct {
	hash   change.Hash
	reason string
	here   bool
}

// node returns a peer of ours that has not joined.
func (n *network) node(name string) *node {
	p := &node{
		n: n, t: n.t, name: name, store: newMemory(), seen: &observations{},
		docs: map[docid.ID]*replicatest.Client{}, length: map[docid.ID]int{},
		shared: map[docid.ID][]change.Hash{}, closedDoor: map[docid.ID]bool{},
		standing: map[docid.ID]hub.Standing{}, unavailable: map[docid.ID]int{},
		refused: map[docid.ID][]refusal{}, failed: map[docid.ID][]error{},
		viewing: map[docid.ID]bool{},
	}
	p.told = sync.NewCond(&p.mu)
	p.open(hub.Config{})
	n.t.Cleanup(func() {
		p.hub.Close()
		p.check()
	})
	return p
}

// open begins a life of the peer on its store.
func (p *node) open(config hub.Config) {
	config.Store, config.PeerID, config.StorageID = p.store, p.name, "store of "+p.name
	config.Keeper, config.Observer, config.Viewer = p, p.seen, p
	p.hub = hub.New(config)
}

func (p *node) check() {
	if outgoing, inflating := p.hub.Reserved(); outgoing != 0 || inflating != 0 {
		p.t.Errorf("%s: %d bytes for outgoing and %d for deflated messages were not given back", p.name, outgoing, inflating)
	}
	if account, truth := p.hub.Weighed(); account != truth {
		p.t.Errorf("%s: the account of memory says %d bytes, the documents %d", p.name, account, truth)
	}
	if stats := p.hub.Stats(); stats.Sessions != 0 {
		p.t.Errorf("%s: %d sessions are left", p.name, stats.Sessions)
	}
}

// join joins the relay and talks about documents.
func (p *node) join(ids ...docid.ID) *node {
	p.t.Helper()
	conn, begun, ended := p.n.open(), make(chan *hub.Link, 1), make(chan error, 1)
	p.conn, p.ended = conn, ended
	go func() { ended <- p.hub.Join(conn, func(l *hub.Link) { begun <- l }) }()
	select {
	case p.link = <-begun:
	case err := <-ended:
		p.t.Fatalf("%s could not join: %v", p.name, err)
	}
	return p.engage(ids...)
}

func (p *node) engage(ids ...docid.ID) *node {
	for _, id := range ids {
		p.mu.Lock()
		shared := p.shared[id]
		p.mu.Unlock()
		p.link.Engage(id, shared)
	}
	return p
}

// edit makes a change durable.
func (p *node) edit(id docid.ID) *change.Change {
	p.t.Helper()
	p.mu.Lock()
	made := p.doc(id).Edit()
	p.mu.Unlock()
	if err := p.hub.Append(context.Background(), id, made); err != nil {
		p.t.Errorf("%s could not append: %v", p.name, err)
	}
	return made
}

// doc returns what the peer's application has; p.mu is held.
func (p *node) doc(id docid.ID) *replicatest.Client {
	if p.docs[id] == nil {
		p.docs[id] = replicatest.NewClient(p.name)
	}
	return p.docs[id]
}

// checkSame checks that peers have all that the relay has, and know it.
func (n *network) checkNodes(id docid.ID, nodes ...*node) {
	n.t.Helper()
	want := n.store.heads(id)
	if len(want) == 0 {
		n.t.Errorf("the relay has nothing of %s", id)
	}
	for _, p := range nodes {
		if !slices.Equal(p.store.heads(id), want) {
			n.t.Errorf("%s has not the relay's heads of %s", p.name, id)
		}
		p.mu.Lock()
		s := p.standing[id]
		if !slices.Equal(p.doc(id).Heads(), want) {
			n.t.Errorf("%s was not told of all of %s", p.name, id)
		}
		p.mu.Unlock()
		if !s.Has || !s.Synced || s.Ahead || !slices.Equal(s.Shared, want) {
			n.t.Errorf("%s believes of %s: %+v", p.name, id, s)
		}
		if now, engaged := p.hub.Standing(id); !engaged || now.Synced != s.Synced || now.Ahead != s.Ahead {
			n.t.Errorf("%s was told %+v, and it is %+v", p.name, s, now)
		}
	}
}

func (p *node) Admits(id docid.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.closedDoor[id]
}

// admit says whether a server may bring a document.
func (p *node) admit(id docid.ID, admitted bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closedDoor[id] = !admitted
}

func (p *node) Appended(id docid.ID, base int, changes []*change.Change, local bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.told.Broadcast()
	if base != p.length[id] {
		p.t.Errorf("%s is told of %d changes from %d, after %d", p.name, len(changes), base, p.length[id])
	}
	p.length[id] += len(changes)
	for _, c := range changes {
		if c.Actor == change.ActorID(p.name) && !local {
			p.t.Errorf("%s is told of its own change as another's", p.name)
		}
		if !p.store.has(id, c.Bytes()) {
			p.t.Errorf("%s is told of a change that isn't durable", p.name)
		}
	}
	p.doc(id).Take(changes...)
}

// Viewed puts the length of the log beside it.
func (p *node) Viewed(id docid.ID, base int, changes []*change.Change, own int) (hub.Entries, func(storage.Seq, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.viewing[id] {
		p.t.Errorf("%s views two appends to one document at once", p.name)
	}
	p.viewing[id] = true
	for i, c := range changes {
		if c.Actor == change.ActorID(p.name) && i >= own {
			p.t.Errorf("%s views its own change as another's", p.name)
		}
	}
	if p.length[id] != base {
		p.t.Errorf("%s views an append at %d before it is told of %d changes", p.name, base, p.length[id])
	}
	length := base + len(changes)
	put := storage.Entry{Key: []byte("view/" + id.String()), Value: fmt.Append(nil, length)}
	return hub.Entries{Puts: []storage.Entry{put}}, func(seq storage.Seq, err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.viewing[id] = false
		if info, _ := p.store.Document(id); err == nil && info.Last != seq {
			p.t.Errorf("%s: an append is said to be row %d, and is %d", p.name, seq, info.Last)
		}
		if err == nil && p.store.entry(string(put.Key)) == "" {
			p.t.Errorf("%s: a view is said to be durable and isn't there", p.name)
		}
	}
}

// Purging takes that away again.
func (p *node) Purging(id docid.ID) (hub.Entries, func(error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.viewing[id] {
		p.t.Errorf("%s is purging what is being appended to", p.name)
	}
	p.viewing[id] = true
	key := "view/" + id.String()
	return hub.Entries{Deletes: [][]byte{[]byte(key)}}, func(err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.viewing[id] = false
		if err == nil && p.store.entry(key) != "" {
			p.t.Errorf("%s: a view is left of what was purged", p.name)
		}
	}
}

func (p *node) Heard(id docid.ID, s hub.Standing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.told.Broadcast()
	p.standing[id], p.shared[id] = s, s.Shared
}

func (p *node) Unavailable(id docid.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.told.Broadcast()
	p.unavailable[id]++
}

func (p *node) Refused(id docid.ID, hashes []change.Hash, reason string, here bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.told.Broadcast()
	for _, h := range hashes {
		p.refused[id] = append(p.refused[id], refusal{h, reason, here})
	}
}

func (p *node) Twin(id docid.ID, actor change.ActorID, seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.twins = append(p.twins, fmt.Sprintf("%s %s %d", id, actor, seq))
}

func (p *node) Failed(id docid.ID, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.told.Broadcast()
	p.failed[id] = append(p.failed[id], err)
}

func (p *node) Whispered(m wire.Ephemeral) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.told.Broadcast()
	p.whispers = append(p.whispers, m)
}

// leave closes the link, and waits for its end.
func (p *node) leave() {
	p.conn.Abort()
	p.gone()
}

// gone waits for the link's end.
func (p *node) gone() {
	<-p.ended
	p.link = nil
}

// await waits for what the keeper is told.
func (p *node) await(come func() bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !come() {
		p.told.Wait()
	}
}
