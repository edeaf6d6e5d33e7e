package replica_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
)

// stepper returns a function that steps a document and returns what follows.
func stepper(doc *replica.Document) func(replica.Event) replica.Effects {
	return func(ev replica.Event) (fx replica.Effects) {
		doc.Step(ev, &fx)
		return fx
	}
}

// world is a relay's document, its store, and clients, with everything between
// them in the test's hands. It writes down what happens.
type world struct {
	t     testing.TB
	doc   replica.Document
	log   []*change.Change // the store
	names map[change.Hash]string
	out   strings.Builder

	clients map[string]participant
	homes   []*homely        // those of the clients that are peers of ours
	links   map[string]*link // of the connected clients
	order   []string         // of the links, as they were made

	loading   bool
	damaged   bool // somebody has found damage
	continued bool
	append    *replica.Append
	slice     int // changes of a message that are received at a time; 0 = all

	origins    []([16]byte) // of the rows of the log
	unfinished int          // messages that the document has not finished
	messages   int          // sent in both directions
}

// link is one connection.
type link struct {
	name      string
	neighbour *replica.Neighbour
	up        []upload
	down      []*replica.Send
	downData  [][]byte // of sync messages, nil for others
	owed      bool
	expecting bool // it is to be told when it has waited long enough
	lost      bool // it is to be closed
}

// upload is a message on its way to the relay.
type upload struct {
	request bool
	data    []byte
	invalid []*change.InvalidError
}

func newWorld(t testing.TB) *world {
	return &world{
		t: t, names: map[change.Hash]string{},
		clients: map[string]participant{}, links: map[string]*link{},
	}
}

func (w *world) say(format string, args ...any) { fmt.Fprintf(&w.out, format+"\n", args...) }

// said returns what happened since it was last asked.
func (w *world) said() string {
	defer w.out.Reset()
	return w.out.String()
}

func (w *world) client(name string) participant {
	c := w.clients[name]
	if c == nil {
		c = replicatest.NewClient(name)
		w.clients[name] = c
	}
	return c
}

// list names changes: a1 is alice's first.
func (w *world) list(hashes []change.Hash) string {
	var names []string
	for _, h := range hashes {
		name := w.names[h]
		if name == "" {
			name = h.String()[:8]
		}
		names = append(names, name)
	}
	slices.SortFunc(names, byLengthFirst)
	if len(names) > 6 {
		names = append(names[:3:3], fmt.Sprintf("… %s (%d)", names[len(names)-1], len(names)))
	}
	return "[" + strings.Join(names, " ") + "]"
}

func byLengthFirst(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func (w *world) edit(name string, times int) {
	if p, ok := w.clients[name].(*homely); ok && p.forgetting {
		return // its application waits
	}
	for range times {
		w.name(w.client(name).Edit())
	}
}

// name lets a change be called after its author: a1 is alice's first.
func (w *world) name(c *change.Change) {
	w.names[c.Hash] = fmt.Sprintf("%c%d", c.Actor[0], c.Seq)
}

func (w *world) connect(name string, refusals bool) {
	w.client(name).Reconnect()
	l := &link{name: name, neighbour: &replica.Neighbour{Origin: originOf(name), Refusals: refusals}}
	l.neighbour.Session = l
	w.links[name] = l
	w.order = append(w.order, name)
}

func originOf(name string) (o [16]byte) {
	copy(o[:], name)
	return o
}

func (w *world) leave(name string) {
	l := w.links[name]
	delete(w.links, name)
	if p, ok := w.clients[name].(*homely); ok {
		p.Leave()
	}
	w.order = slices.DeleteFunc(w.order, func(other string) bool { return other == name })
	w.step(replica.Left{Neighbour: l.neighbour})
}

// generate lets a client put its next message on the way.
func (w *world) generate(name string) bool {
	data, request := w.client(name).Generate()
	if data == nil {
		return false
	}
	w.links[name].up = append(w.links[name].up, upload{request: request, data: data})
	return true
}

// arrive delivers a client's oldest message to the relay.
func (w *world) arrive(name string) bool {
	l := w.links[name]
	if len(l.up) == 0 {
		return false
	}
	u := l.up[0]
	l.up = l.up[1:]
	message, err := sync.Decode(u.data)
	if err != nil {
		w.t.Fatal(err)
	}
	w.messages++
	kind := "sync"
	if u.request {
		kind = "request"
	}
	w.say("%s → relay: %s heads %s%s", name, kind, w.list(message.Heads), w.contents(message, u.invalid))
	w.receive(l, u, message)
	return true
}

func (w *world) contents(m *sync.Message, invalid []*change.InvalidError) string {
	text := ""
	if len(m.Need) > 0 {
		text += " need " + w.list(m.Need)
	}
	var hashes []change.Hash
	for _, c := range parseAll(w.t, m.Changes) {
		hashes = append(hashes, c.Hash)
	}
	if len(hashes) > 0 {
		text += " changes " + w.list(hashes)
	}
	if len(invalid) > 0 {
		text += fmt.Sprintf(" invalid (%d)", len(invalid))
	}
	return text
}

func parseAll(t testing.TB, chunks [][]byte) (changes []*change.Change) {
	for _, chunk := range chunks {
		c, err := change.Parse(bytes.Clone(chunk))
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, c)
	}
	return changes
}

// receive hands a message over, in slices if the world is so.
func (w *world) receive(l *link, u upload, message *sync.Message) {
	changes := parseAll(w.t, message.Changes)
	for {
		n := len(changes)
		if w.slice > 0 {
			n = min(n, w.slice)
		}
		ev := &replica.Received{From: l.neighbour, Request: u.request, Changes: changes[:n], Invalid: u.invalid}
		changes, u.invalid = changes[n:], nil
		if len(changes) == 0 {
			ev.Message = message
		}
		w.unfinished++
		finished := false
		ev.Finished = func() {
			if finished {
				w.t.Error("a message was finished twice")
			}
			finished = true
			w.unfinished--
		}
		w.step(ev)
		if len(changes) == 0 {
			return
		}
	}
}

// step steps the relay's document and takes down what it wants.
func (w *world) step(ev replica.Event) *replica.Send {
	var fx replica.Effects
	w.doc.Step(ev, &fx)
	if fx.Load {
		w.loading = true
		w.say("relay: load")
	}
	if fx.Append != nil {
		if w.append != nil {
			w.t.Fatal("an append while another is under way")
		}
		w.append = fx.Append
		w.say("relay: append %s%s", w.list(hashesOf(fx.Append.Changes)), w.by(fx.Append.Origin))
	}
	w.continued = w.continued || fx.Again
	for _, n := range fx.Owed {
		n.Session.(*link).owed = true
	}
	if fx.Expect != nil {
		w.expect(fx.Expect.Session.(*link))
	}
	w.report(&fx)
	return fx.Send
}

func (w *world) expect(l *link) {
	if l.expecting {
		w.t.Errorf("%s waits twice", l.name)
	}
	l.expecting = true
	w.say("relay: lets %s wait", l.name)
}

// expire lets a client have waited long enough for a document to turn up.
func (w *world) expire(name string) bool {
	l := w.links[name]
	if !l.expecting {
		return false
	}
	l.expecting = false
	w.step(replica.Expired{Neighbour: l.neighbour})
	return true
}

func (w *world) report(fx *replica.Effects) {
	for _, r := range fx.Refusals {
		from := "somebody who left"
		if r.From != nil {
			from = r.From.Session.(*link).name
		}
		w.say("relay: refuses %s of %s: %s", w.list([]change.Hash{r.Hash}), from, r.Reason)
	}
	if fx.Failure != nil {
		w.say("relay: failed: %v", fx.Failure)
	}
	for _, a := range fx.Answers {
		a.To.Done(a.Brought)
	}
	for _, n := range fx.Failed {
		if l := n.Session.(*link); !l.lost {
			l.lost = true
			w.say("relay: gives up %s", l.name)
		}
	}
}

// offer hands over changes outside of a conversation.
func (w *world) offer(name string, u upload, changes []*change.Change) {
	w.unfinished++
	w.step(&replica.Offered{
		Origin: originOf(name), Changes: changes, Invalid: u.invalid,
		Done: func(b replica.Brought) {
			w.unfinished--
			w.checkBrought(changes, b)
			w.say("%s's offer: %s", name, w.fate(b))
		},
	})
}

func (w *world) fate(b replica.Brought) string {
	if b.Err != nil {
		return b.Err.Error()
	}
	text := "durable"
	if b.Held > 0 {
		text = fmt.Sprintf("%d wait for %s", b.Held, w.list(b.Missing))
	}
	for _, r := range b.Refused {
		text += fmt.Sprintf(", %s is refused: %s", w.list([]change.Hash{r.Hash}), r.Reason)
	}
	return text
}

// checkBrought checks that of which nothing is said is durable.
func (w *world) checkBrought(changes []*change.Change, b replica.Brought) {
	if b.Err != nil {
		return
	}
	missing := 0
	for _, c := range changes {
		kept := slices.ContainsFunc(w.log, func(l *change.Change) bool { return l.Hash == c.Hash })
		refused := slices.ContainsFunc(b.Refused, func(r replica.Refusal) bool { return r.Hash == c.Hash })
		if !kept && !refused {
			missing++
		}
	}
	if missing > b.Held { // what was refused before is not told again
		w.t.Errorf("%d changes are not durable, and %d are said to wait", missing, b.Held)
	}
}

func (w *world) by(origin [16]byte) string {
	if origin == replica.SeveralOrigins {
		return " of several"
	}
	return " of " + string(bytes.TrimRight(origin[:], "\x00"))
}

func hashesOf(changes []*change.Change) (hashes []change.Hash) {
	for _, c := range changes {
		hashes = append(hashes, c.Hash)
	}
	return hashes
}

// write tells the relay that a client's socket is free, if it is owed
// something, and puts what it says on the way.
func (w *world) write(name string, maxBytes int) bool {
	l := w.links[name]
	if !l.owed {
		return false
	}
	l.owed = false
	send := w.step(replica.Writable{To: l.neighbour, MaxBytes: maxBytes})
	if send == nil {
		return true
	}
	w.messages++
	l.down = append(l.down, send)
	l.downData = append(l.downData, w.describe(name, send))
	return true
}

// describe writes a message of the relay down and checks that it tells of
// nothing that isn't durable.
func (w *world) describe(name string, send *replica.Send) []byte {
	switch {
	case send.Refused != nil:
		w.say("relay → %s: refused %s: %s", name, w.list(send.Refused), send.Reason)
		return nil
	case send.Unavailable:
		w.say("relay → %s: unavailable", name)
		return nil
	}
	m := send.Reply.Message
	for _, h := range slices.Concat(m.Heads, lastSync(m)) {
		if !slices.ContainsFunc(w.log, func(c *change.Change) bool { return c.Hash == h }) &&
			!slices.ContainsFunc(w.client(name).Changes(), func(c *change.Change) bool { return c.Hash == h }) {
			w.t.Errorf("%s is told of %s before it is durable", name, w.list([]change.Hash{h}))
		}
	}
	w.checkHeads(m.Heads)
	for _, i := range send.Reply.Indices {
		if i >= len(w.log) {
			w.t.Fatalf("%s is sent change %d before it is durable", name, i)
		}
		m.Changes = append(m.Changes, w.log[i].Bytes())
	}
	w.say("relay → %s: sync heads %s%s", name, w.list(m.Heads), w.contents(m, nil))
	return m.Append(nil)
}

// checkHeads checks that the relay claims to have nothing but what is durable.
func (w *world) checkHeads(heads []change.Hash) {
	for _, h := range heads {
		if !slices.ContainsFunc(w.log, func(c *change.Change) bool { return c.Hash == h }) {
			w.t.Errorf("%s is acknowledged before it is durable", w.list([]change.Hash{h}))
		}
	}
}

func lastSync(m *sync.Message) (hashes []change.Hash) {
	for _, h := range m.Have {
		hashes = append(hashes, h.LastSync...)
	}
	return hashes
}

// hear delivers the relay's oldest message to a client.
func (w *world) hear(name string) bool {
	l := w.links[name]
	if len(l.down) == 0 {
		return false
	}
	send, data := l.down[0], l.downData[0]
	l.down, l.downData = l.down[1:], l.downData[1:]
	p, isHomely := w.client(name).(*homely)
	switch {
	case data == nil && isHomely:
		p.hear(send)
	case data != nil:
		if err := w.client(name).Receive(data); err != nil {
			w.say("%s chokes", name) // on a twin, as JavaScript does
		}
	}
	return true
}

var (
	errDisk   = errors.New("the disk is full")
	errDamage = fmt.Errorf("%w: bit rot", replica.ErrDamaged)
)

// loaded answers the relay's wish to load.
func (w *world) loaded(err error) bool {
	if !w.loading {
		return false
	}
	w.loading = false
	w.damaged = w.damaged || errors.Is(err, errDamage)
	if err != nil {
		w.step(replica.Loaded{Err: err})
		return true
	}
	g := graph.New()
	for _, c := range w.log {
		if err := g.Restore(c); err != nil {
			w.t.Fatal(err)
		}
	}
	w.step(replica.Loaded{Graph: g})
	return true
}

// appended answers the relay's wish to append.
func (w *world) appended(err error) bool {
	if w.append == nil {
		return false
	}
	a := w.append
	w.append = nil
	if err == nil {
		if a.Base != len(w.log) {
			w.t.Fatalf("an append at %d to a log of %d", a.Base, len(w.log))
		}
		w.log = append(w.log, a.Changes...)
		for range a.Changes {
			w.origins = append(w.origins, a.Origin)
		}
	}
	w.step(replica.Appended{Err: err})
	return true
}

func (w *world) goOn() bool {
	if !w.continued {
		return false
	}
	w.continued = false
	w.step(replica.Continued{})
	return true
}

// turn does one thing for everybody and reports whether there was any.
func (w *world) turn() (busy bool) {
	for _, name := range slices.Clone(w.order) {
		if w.isLost(name) {
			w.leave(name)
			busy = true
			continue
		}
		for _, did := range []bool{w.hear(name), w.generate(name), w.arrive(name), w.write(name, 1<<20)} {
			busy = busy || did
		}
	}
	for _, p := range w.homes {
		busy = p.work() || busy
	}
	for _, did := range []bool{w.loaded(nil), w.appended(nil), w.goOn()} {
		busy = busy || did
	}
	return busy
}

// isLost reports whether either side gives a connection up.
func (w *world) isLost(name string) bool {
	p, ok := w.clients[name].(*homely)
	return w.links[name].lost || ok && p.lost
}

// settle goes on until nobody has anything to do.
func (w *world) settle() {
	for rounds := 0; w.turn(); rounds++ {
		if rounds > 10_000 {
			w.t.Fatal("they don't fall silent")
		}
	}
	if w.unfinished != 0 {
		w.t.Errorf("%d messages are not finished", w.unfinished)
	}
	for _, p := range w.homes {
		if p.made != 0 {
			w.t.Errorf("%s: %d edits have no answer", p.name, p.made)
		}
	}
}
