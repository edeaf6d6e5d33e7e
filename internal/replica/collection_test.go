package replica_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
)

var modelTag = docid.CollectionTag("model")

// stage is where shelves meet: a relay, and peers that are linked to it now and
// then.
type stage struct {
	t       *testing.T
	rng     *rand.Rand
	relay   *shelf
	peers   []*shelf
	lines   map[*shelf]*line
	backups map[*shelf]*shelf
	// forgotten are documents that some store has purged: they come back or not,
	// and not all that was in them.
	forgotten map[docid.ID]bool
	course    strings.Builder
	sent      int // messages
	bytes     int
}

// line is a connection of a peer with the relay: a stream either way.
type line struct {
	down, up *stream
}

// stream is one subscription. What waits in its queues goes down with the line.
type stream struct {
	from, to  *shelf
	announcer *replica.Announcer
	listener  *replica.Listener
	began     wire.Subscribe
	forth     []wire.Message // to the listener
	back      []wire.Message
	acked     wire.Cursor // that was noted
	furthest  wire.Cursor
}

func newStage(t *testing.T, seed uint64, peers int) *stage {
	s := &stage{
		t: t, rng: rand.New(rand.NewPCG(seed, 5)), relay: newShelf("relay"),
		lines: map[*shelf]*line{}, backups: map[*shelf]*shelf{}, forgotten: map[docid.ID]bool{},
	}
	for i := range peers {
		p := newShelf(fmt.Sprintf("peer%d", i))
		p.keeps = true
		s.peers = append(s.peers, p)
	}
	return s
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(&s.course, format+"\n", args...) }

func (s *stage) connect(p *shelf) {
	if s.lines[p] != nil {
		return
	}
	s.say("%s connects", p.storage())
	s.lines[p] = &line{down: s.subscribe(s.relay, p), up: s.subscribe(p, s.relay)}
}

// subscribe begins a stream, as far as its listener is concerned.
func (s *stage) subscribe(from, to *shelf) *stream {
	st := &stream{from: from, to: to, listener: replica.NewListener(modelTag)}
	st.began = wire.Subscribe{Subscription: 1, Collection: "model", Cursor: to.cursors[from.storage()+"|"+to.storage()]}
	after := docid.ID{}
	if st.began.Cursor != nil {
		after = st.began.Cursor.After
	}
	st.began.Empty = len(to.list(modelTag, after)) == 0
	st.back = append(st.back, st.began)
	s.sent++
	return st
}

func (s *stage) cut(p *shelf) {
	if s.lines[p] != nil {
		s.say("%s is cut off", p.storage())
		delete(s.lines, p)
	}
}

// crash kills a store: what isn't durable is gone.
func (s *stage) crash(sh *shelf) {
	s.say("%s crashes, %d writes are lost", sh.storage(), len(sh.writes))
	sh.writes = nil
	for _, p := range s.peers {
		if p == sh || sh == s.relay {
			s.cut(p)
		}
	}
}

// restore puts a store back to what it was when it was last backed up.
func (s *stage) restore(sh *shelf) {
	b := s.backups[sh]
	if b == nil {
		s.backups[sh] = sh.backup()
		return
	}
	s.crash(sh)
	life := sh.life + 1
	*sh = *b.backup()
	sh.life = life
	s.say("%s is restored", sh.storage())
}

func (s *stage) shelves() []*shelf { return append([]*shelf{s.relay}, s.peers...) }

func (s *stage) streams() (streams []*stream) {
	for _, p := range s.peers {
		if l := s.lines[p]; l != nil {
			streams = append(streams, l.down, l.up)
		}
	}
	return streams
}

// tell tells those announcers of a row that announce a store's.
func (s *stage) tell(sh *shelf, rows ...replica.Row) {
	for _, row := range rows {
		for _, st := range s.streams() {
			if tag, ok := row.Document.Tag(); ok && tag == modelTag && st.from == sh && st.announcer != nil {
				st.announcer.Push(row)
			}
		}
	}
}

// deliver delivers the next message of a stream; false if there is none.
func (s *stage) deliver(st *stream, back bool) bool {
	queue := &st.forth
	if back {
		queue = &st.back
	}
	if len(*queue) == 0 {
		return false
	}
	m := (*queue)[0]
	*queue = (*queue)[1:]
	s.say("%s → %s: %s", st.from.storage(), st.to.storage(), brief(m))
	frame := wire.Append(nil, m)
	s.bytes += len(frame)
	m, err := wire.Decode(frame)
	if err == nil {
		err = s.receive(st, m)
	}
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.course.String())
	}
	return true
}

func (s *stage) receive(st *stream, m wire.Message) error {
	switch m := m.(type) {
	case wire.Subscribe:
		st.announcer = replica.NewAnnouncer(st.terms(m))
	case wire.Page:
		var h replica.Heard
		err := st.listener.Page(m, &h)
		s.do(st, &h)
		return err
	case wire.Want:
		return st.announcer.Wanted(m)
	case wire.Answer:
		return s.answered(st, m)
	}
	return nil
}

func (st *stream) terms(m wire.Subscribe) replica.Terms {
	from, to := st.from, st.to.storage()
	terms := replica.Terms{
		Subscription: 1, Tag: modelTag, Listener: origin(to), Cursor: m.Cursor, Empty: m.Empty,
		End: from.last(), Keeps: from.keeps,
	}
	if from.keeps {
		terms.Acked = from.acked[to+"|"+from.storage()]
	}
	for id := range from.aside[to] {
		terms.Aside = append(terms.Aside, id)
	}
	slices.SortFunc(terms.Aside, func(a, b docid.ID) int { return slices.Compare(a[:], b[:]) })
	return terms
}

// answered notes what the listener has, and checks that it has.
func (s *stage) answered(st *stream, m wire.Answer) error {
	taken, refused, err := st.announcer.Answered(m)
	if err != nil || !st.from.keeps {
		return err
	}
	from, to := st.from, st.to.storage()
	for _, r := range refused {
		if r.Reason == "quota" || r.Reason == replica.ReasonMissing {
			from.setAside(to, r.Document)
		} else {
			delete(from.aside[to], r.Document)
		}
	}
	for _, id := range taken {
		delete(from.aside[to], id)
	}
	if acked := s.comes(st); acked != st.acked {
		st.acked = acked
		s.checkAcked(st, acked)
		key := to + "|" + from.storage()
		s.write(from, func() { from.acked[key] = &acked })
	}
	return nil
}

// setAside notes that somebody has not got all of a document.
func (s *shelf) setAside(listener string, id docid.ID) {
	if s.aside[listener] == nil {
		s.aside[listener] = map[docid.ID]bool{}
	}
	s.aside[listener][id] = true
}

// comes returns how far the listener has come, and checks that it doesn't go back.
func (s *stage) comes(st *stream) wire.Cursor {
	acked, _ := st.announcer.Acked()
	if acked.Sequence < st.furthest.Sequence || st.furthest.After == (docid.ID{}) && acked.After != (docid.ID{}) && st.furthest.Sequence > 0 {
		s.t.Fatalf("%s has come back from %+v to %+v\n%s", st.to.storage(), st.furthest, acked, s.course.String())
	}
	st.furthest = acked
	return acked
}

// checkAcked checks that what is said to be there is there, and durable.
func (s *stage) checkAcked(st *stream, acked wire.Cursor) {
	for _, row := range st.from.journal[:acked.Sequence] {
		l := st.from.docs[row.Document]
		tag, ok := row.Document.Tag()
		if !ok || tag != modelTag || l == nil || row.Sequence < l.born || s.forgotten[row.Document] ||
			st.from.aside[st.to.storage()][row.Document] ||
			acked.After != (docid.ID{}) && slices.Compare(row.Document[:], acked.After[:]) > 0 {
			continue
		}
		for _, f := range l.changes[row.First : row.First+row.Count] {
			if !st.to.docs[row.Document].has(f.hash) && !st.isRefused(l, f.hash) {
				s.t.Fatalf("%s is said to have %s of %s\n%s", st.to.storage(), f.hash, row.Document, s.course.String())
			}
		}
	}
}

// isRefused reports whether the listener refuses a change, or one before it.
func (st *stream) isRefused(l *log, h change.Hash) bool {
	for past := range l.past([]change.Hash{h}) {
		if st.to.refuses(past) != "" {
			return true
		}
	}
	return false
}

func (s *stage) write(sh *shelf, write func()) { sh.writes = append(sh.writes, write) }

// do does what a listener wants done; it becomes durable later.
func (s *stage) do(st *stream, h *replica.Heard) {
	from := st.from.storage()
	for _, a := range h.Apply {
		s.write(st.to, func() {
			rows, result := st.to.take(a.Document, from, decodeFacts(a.Changes), a.Heads)
			s.tell(st.to, rows...)
			if !slices.Contains(s.streams(), st) {
				return
			}
			var h replica.Heard
			result.Page = a.Page
			st.listener.Applied(result, &h)
			s.do(st, &h)
		})
	}
	if len(h.Want) > 0 {
		for part := range slices.Chunk(h.Want, wire.MaxDocuments) {
			st.back = append(st.back, wire.Want{Subscription: 1, Documents: part})
			s.sent++
		}
	}
	for _, a := range h.Answer {
		a.Subscription = 1
		st.back = append(st.back, a)
		s.sent++
	}
	if h.Cursor != nil {
		key, cursor := st.from.storage()+"|"+st.to.storage(), *h.Cursor
		s.write(st.to, func() { st.to.cursors[key] = &cursor })
	}
}

// announce lets an announcer make a page of a lane; false if it has nothing to do.
func (s *stage) announce(st *stream, lane replica.Lane, budget int) bool {
	if st.announcer == nil {
		return false
	}
	task := st.announcer.Next(lane)
	if st.from.keeps {
		s.comes(st)
	}
	switch {
	case task == nil:
		return false
	case task.Scan != nil:
		most := 1 + s.rng.IntN(wire.MaxDocuments)
		rows, seen := st.from.scan(*task.Scan, most)
		st.announcer.Scanned(lane, rows, seen)
	case task.List != nil:
		st.announcer.Listed(st.from.list(modelTag, task.List.After))
	default:
		read, documents, damaged := st.from.read(task.Topics, budget)
		if st.from.keeps {
			st.announcer.Withheld(damaged)
			for _, id := range damaged {
				st.from.setAside(st.to.storage(), id)
			}
		}
		if page, ok := st.announcer.Page(lane, read, documents); ok {
			st.forth = append(st.forth, page)
			s.sent++
		}
	}
	return true
}

func brief(m wire.Message) string {
	switch m := m.(type) {
	case wire.Page:
		text := fmt.Sprintf("page %d live %t to %d/%x left %d:", m.Number, m.Live, m.To.Sequence, m.To.After[14:], m.Left)
		for _, d := range m.Documents {
			text += fmt.Sprintf(" %x(%d heads, %d)", d.Document[14:], len(d.Heads), len(decodeFacts(d.Changes)))
		}
		return text
	case wire.Want:
		text := "want"
		for _, d := range m.Documents {
			text += fmt.Sprintf(" %x", d.Document[14:])
		}
		return text
	case wire.Subscribe:
		return fmt.Sprintf("subscribe from %+v, empty %t", m.Cursor, m.Empty)
	default:
		return fmt.Sprintf("%+v", m)
	}
}

// happen lets one thing happen at random.
func (s *stage) happen(violence int) {
	all := s.shelves()
	sh, p := all[s.rng.IntN(len(all))], s.peers[s.rng.IntN(len(s.peers))]
	switch n := s.rng.IntN(100); {
	case n < 8:
		s.edit(sh)
	case n < 9 && violence > 0:
		s.purge(sh)
	case n < 11 && violence > 0:
		s.cut(p)
	case n < 14:
		s.connect(p)
	case n < 15 && violence > 1 && s.rng.IntN(2) == 0:
		s.crash(sh)
	case n < 16 && violence > 2 && s.rng.IntN(4) == 0:
		s.restore(sh)
	case n < 40:
		s.commit(sh)
	default:
		if streams := s.streams(); len(streams) > 0 {
			st := streams[s.rng.IntN(len(streams))]
			if s.rng.IntN(2) == 0 {
				s.deliver(st, s.rng.IntN(2) == 0)
			} else {
				s.announce(st, replica.Lane(s.rng.IntN(3)), s.rng.IntN(400))
			}
		}
	}
}

// edit changes one of a few documents, of which some are in no collection.
func (s *stage) edit(sh *shelf) {
	n := s.rng.IntN(40)
	id := docid.RecordFor("model", fmt.Sprint(n))
	if n > 35 {
		id = docid.ID{1, 2, 3, 15: byte(n)}
	}
	for range 1 + s.rng.IntN(3) {
		row := sh.edit(id, s.rng)
		s.say("%s edits %x: row %d", sh.storage(), id[14:], row.Sequence)
		s.tell(sh, row)
	}
}

// purge forgets a document, for itself alone.
func (s *stage) purge(sh *shelf) {
	if ids := sh.list(modelTag, docid.ID{}); len(ids) > 0 {
		id := ids[s.rng.IntN(len(ids))]
		s.say("%s forgets %x", sh.storage(), id[14:])
		delete(sh.docs, id)
		s.forgotten[id] = true
		sh.journal = append(sh.journal, replica.Row{Sequence: sh.last() + 1, Document: id})
	}
}

func (s *stage) commit(sh *shelf) bool {
	if len(sh.writes) == 0 {
		return false
	}
	write := sh.writes[0]
	sh.writes = sh.writes[1:]
	write()
	return true
}

// settle lets everything happen that is due.
func (s *stage) settle() {
	for steps := 0; ; steps++ {
		busy := false
		for _, sh := range s.shelves() {
			busy = s.commit(sh) || busy
		}
		for _, st := range s.streams() {
			for _, lane := range []replica.Lane{replica.Live, replica.Asked, replica.CatchUp} {
				busy = s.announce(st, lane, 1000) || busy
			}
			busy = s.deliver(st, false) || s.deliver(st, true) || busy
		}
		if !busy {
			return
		}
		if steps > 100_000 {
			s.t.Fatalf("it doesn't settle\n%s", s.course.String()[max(0, s.course.Len()-20_000):])
		}
	}
}

// checkSame checks that whoever is connected has what the other has.
func (s *stage) checkSame() {
	for _, st := range s.streams() {
		for id, l := range st.from.docs {
			if tag, ok := id.Tag(); !ok || tag != modelTag {
				continue
			}
			for _, f := range l.changes {
				if !st.to.docs[id].has(f.hash) && !s.forgotten[id] && !st.isRefused(l, f.hash) {
					s.t.Fatalf("%s lacks %s of %x, which %s has\n%s",
						st.to.storage(), f.hash, id[14:], st.from.storage(), s.course.String())
				}
			}
		}
	}
}

// TestCollections lets stores announce to each other while everything goes wrong
// that can: cuts, crashes, restored backups, refusals, damage. When it is quiet, everything
// is everywhere, and to meet again costs next to nothing.
func TestCollections(t *testing.T) {
	for seed := *first; seed < *first+uint64(5**seeds-4); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			course := collections(t, seed)
			if again := collections(t, seed); again != course {
				t.Error("the course of events isn't the same")
			}
			if t.Failed() {
				t.Logf("go test -run TestCollections -seed %d -seeds 1", seed)
			}
		})
	}
}

func collections(t *testing.T, seed uint64) string {
	s := newStage(t, seed, 1+int(seed%3))
	quota, damage := false, false
	s.relay.refuses = func(h change.Hash) string {
		if h[0] < 8 {
			return "twin"
		}
		return ""
	}
	s.relay.full = func(id docid.ID) bool { return quota && id[15] < 32 }
	for _, p := range s.peers {
		p.damaged = func(id docid.ID) bool { return damage && id[15] >= 224 }
	}
	quota, damage = seed%2 == 0, seed%3 == 0
	for range 1500 {
		s.happen(int(seed % 4))
	}
	quota, damage = false, false
	for _, p := range s.peers {
		s.cut(p)
		s.connect(p)
	}
	s.settle()
	s.checkSame()
	before := 0
	for range 2 { // who was just brought something is told of it once more
		before = s.sent
		for _, p := range s.peers {
			s.cut(p)
			s.connect(p)
		}
		s.settle()
	}
	if n := s.sent - before; n > 8*len(s.peers) {
		t.Fatalf("%d messages when nothing is new\n%s", n, s.course.String())
	}
	return s.course.String()
}

// TestReconnectingCostsWhatIsNew: ten changes among many documents.
func TestReconnectingCostsWhatIsNew(t *testing.T) {
	for _, many := range []int{1_000, 20_000} {
		s := newStage(t, 1, 1)
		p := s.peers[0]
		for n := range many {
			s.relay.edit(docid.RecordFor("model", fmt.Sprint(n)), s.rng)
		}
		s.connect(p)
		s.settle()
		s.checkSame()
		s.cut(p)
		for n := range 10 {
			s.relay.edit(docid.RecordFor("model", fmt.Sprint(n*7)), s.rng)
		}
		sent, size := s.sent, s.bytes
		s.connect(p)
		s.settle()
		s.checkSame()
		if sent, size = s.sent-sent, s.bytes-size; sent > 10 || size > 8192 {
			t.Errorf("%d messages of %d bytes for ten changes among %d documents", sent, size, many)
		}
	}
}

// TestLiveDoesNotWait: what is new doesn't wait until all that is old is there.
func TestLiveDoesNotWait(t *testing.T) {
	s := newStage(t, 1, 1)
	p := s.peers[0]
	for n := range 5_000 {
		s.relay.edit(docid.RecordFor("model", fmt.Sprint(n)), s.rng)
	}
	s.connect(p)
	st := s.lines[p].down
	s.deliver(st, true)
	for s.announce(st, replica.CatchUp, 10_000) { // until the window is full
	}
	row := s.relay.edit(docid.RecordFor("model", "new"), s.rng)
	s.tell(s.relay, row)
	before := len(st.forth)
	for len(st.forth) == before {
		if !s.announce(st, replica.Live, 10_000) {
			t.Fatal("nothing is announced")
		}
	}
	page := st.forth[before].(wire.Page)
	if !page.Live || len(page.Documents) != 1 || page.Documents[0].Document != row.Document {
		t.Errorf("announced: %s", brief(page))
	}
}
