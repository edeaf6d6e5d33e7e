package hub

import (
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
)

// pageBytes is about how many bytes of changes a page holds. It bounds how long a
// document that is open has to wait for the socket.
const pageBytes = 128 << 10

// announcement is a subscription of somebody to whom we announce.
type announcement struct {
	session *session
	number  uint64
	name    string
	tag     docid.Tag
	core    *replica.Announcer // guarded by session.subs.mu
	unread  uint64             // documents left out since the last page; likewise

	// telling orders what is told, if the listener is a server that we joined;
	// before subs.mu. It is held while the keeper looks into the store.
	telling sync.Mutex
	acked   wire.Cursor // that was told
	caught  bool
	asides  map[docid.ID]string // what the listener lacks all the same, and why
	over    bool
}

// announce begins to announce, or lists all afresh, whatever was answered before.
func (s *session) announce(m wire.Subscribe, afresh bool) error {
	h := s.hub
	a := &announcement{session: s, number: m.Subscription, name: m.Collection, tag: docid.CollectionTag(m.Collection)}
	terms := replica.Terms{
		Subscription: m.Subscription, Tag: a.tag, Listener: s.neighbour.Origin, Cursor: m.Cursor, Empty: m.Empty,
	}
	if err := a.recall(&terms); err != nil {
		return err
	}
	if afresh {
		terms.Acked = nil
	}
	h.audience.join(a) // rows of which it is told too early are before the end
	subs := &s.subs
	subs.mu.Lock()
	if subs.announced == nil {
		subs.announced = map[uint64]*announcement{}
	}
	subs.announced[a.number] = a
	subs.turns = append(subs.turns, a)
	terms.End = uint64(h.catalog.LastSeq())
	a.core = replica.NewAnnouncer(terms)
	if subs.shared {
		a.core.Share()
	}
	subs.mu.Unlock()
	h.Logger.Info("announcing a collection", "peer", s.peerID, "collection", m.Collection, "cursor", m.Cursor, "empty", m.Empty)
	s.hasPages()
	return nil
}

// recall reads what is remembered of the listener, if it is a server that we joined.
func (a *announcement) recall(terms *replica.Terms) error {
	s := a.session
	if s.link == nil {
		return nil
	}
	var err error
	if terms.Acked, a.asides, err = s.hub.Acked(s.neighbour.Origin, a.tag); err != nil {
		return err
	}
	terms.Keeps = true
	for id, reason := range a.asides {
		if replica.MayPass(reason) {
			terms.Aside = append(terms.Aside, id)
		}
	}
	return nil
}

// stopAnnouncing ends an announcement. Afterwards nothing is told of it.
func (s *session) stopAnnouncing(a *announcement) {
	s.hub.audience.leave(a)
	s.subs.mu.Lock()
	delete(s.subs.announced, a.number)
	s.subs.turns = slices.DeleteFunc(s.subs.turns, func(b *announcement) bool { return a == b })
	s.subs.mu.Unlock()
	a.telling.Lock()
	defer a.telling.Unlock()
	a.over = true
}

// push tells of a row; it waits for nobody.
func (a *announcement) push(row replica.Row) { a.hear(func() { a.core.Push(row) }) }

// pass tells of rows that are none of the collection's.
func (a *announcement) pass(last uint64) { a.hear(func() { a.core.Pass(last) }) }

func (a *announcement) hear(tell func()) {
	s := a.session
	s.subs.mu.Lock()
	begun := a.core != nil
	if begun {
		tell()
	}
	s.subs.mu.Unlock()
	if begun {
		s.hasPages()
	}
}

func (s *session) wanted(m wire.Want) error {
	s.subs.mu.Lock()
	defer s.subs.mu.Unlock()
	a := s.subs.announced[m.Subscription]
	if a == nil {
		return nil
	}
	if err := a.core.Wanted(m); err != nil {
		return err
	}
	s.hasPages()
	return s.checkHeld()
}

func (s *session) answered(m wire.Answer) error {
	s.subs.mu.Lock()
	a := s.subs.announced[m.Subscription]
	s.subs.mu.Unlock()
	if a == nil {
		return nil
	}
	a.telling.Lock()
	defer a.telling.Unlock()
	s.subs.mu.Lock()
	taken, refused, err := a.core.Answered(m)
	s.subs.mu.Unlock()
	if err != nil {
		return err
	}
	a.settle(taken, refused)
	a.tellAcked()
	s.hasPages()
	return nil
}

// tellAcked tells how far the listener has come, if that is a server that we joined,
// and after what it has refused; a.telling is held.
func (a *announcement) tellAcked() {
	s := a.session
	s.subs.mu.Lock()
	acked, caught := a.core.Acked()
	s.subs.mu.Unlock()
	if s.link == nil || a.over || acked == a.acked && caught == a.caught {
		return
	}
	a.acked, a.caught = acked, caught
	h := s.hub
	h.note(placeKey(keyAcked, s.neighbour.Origin, a.tag), place{Cursor: acked}.encode(h.life()))
	h.follower.Acked(a.tag, acked, caught)
}

// tellAllAcked does that for all subscriptions: without pages, too, a server comes
// further, as of what it has brought itself.
func (s *session) tellAllAcked() {
	if s.link == nil {
		return
	}
	s.subs.mu.Lock()
	turns := slices.Clone(s.subs.turns)
	s.subs.mu.Unlock()
	for _, a := range turns {
		a.telling.Lock()
		a.tellAcked()
		a.telling.Unlock()
	}
}

// madePage is a page on its way out.
type madePage struct {
	frame     []byte
	documents int
	changes   int
	room      room
}

// hasPages notes that there may be something to announce.
func (s *session) hasPages() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pagesDue = true
	s.startMaking()
}

// startMaking has the next page made, unless one is being made or waits to be
// written; s.mu is held.
func (s *session) startMaking() {
	if s.pagesDue && !s.making && s.page == nil && !s.closed {
		s.making = true
		s.writer.Go(s.makePages)
	}
}

// makePages makes a page, if there is anything to announce. It reads the store, so
// the writer doesn't wait for it, and goes on with documents meanwhile.
func (s *session) makePages() {
	for {
		s.mu.Lock()
		if s.closed || !s.pagesDue {
			s.making = false
			s.mu.Unlock()
			return
		}
		s.pagesDue = false
		s.mu.Unlock()
		page, err := s.makePage()
		if err != nil {
			s.end(err)
		}
		if page != nil {
			s.enqueue(page)
			return
		}
	}
}

// enqueue has a page written, unless it is too late for that.
func (s *session) enqueue(page *madePage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.making = false
	if s.closed {
		page.room.release()
		return
	}
	s.page, s.pagesDue = page, true
	s.wake()
}

// takePage returns the page that is to be written, and has the next one made; s.mu
// is held.
func (s *session) takePage() *madePage {
	page := s.page
	if s.page = nil; page != nil {
		s.startMaking()
	}
	return page
}

func (s *session) writePage(page *madePage) error {
	defer page.room.release()
	if err := s.conn.WriteFrame(page.frame); err != nil {
		return err
	}
	s.hub.Observer.Sent(wire.Page{}.Kind(), len(page.frame))
	s.hub.Observer.Announced(page.documents)
	s.hub.Observer.Delivered(page.changes)
	return nil
}

// makePage makes the next page; nil if there is none.
func (s *session) makePage() (*madePage, error) {
	for {
		a, lane, task := s.nextTask()
		s.tellAllAcked()
		if task == nil {
			return nil, nil
		}
		page, err := a.perform(lane, task)
		if page != nil || err != nil {
			return page, err
		}
	}
}

// nextTask says what is to be read for the next page: live ones and others take
// turns, and so do the subscriptions.
func (s *session) nextTask() (*announcement, replica.Lane, *replica.Task) {
	subs := &s.subs
	subs.mu.Lock()
	defer subs.mu.Unlock()
	lanes := [...]replica.Lane{replica.Live, replica.Asked, replica.CatchUp}
	if subs.liveLast {
		lanes = [...]replica.Lane{replica.Asked, replica.CatchUp, replica.Live}
	}
	for _, lane := range lanes {
		for i, a := range subs.turns {
			task := a.core.Next(lane)
			if task == nil {
				continue
			}
			subs.turns = append(append(subs.turns[:i:i], subs.turns[i+1:]...), a)
			return a, lane, task
		}
	}
	return nil, 0, nil
}

// perform does a task. It returns a page if that makes one.
func (a *announcement) perform(lane replica.Lane, task *replica.Task) (*madePage, error) {
	s := a.session
	switch {
	case task.Scan != nil:
		rows, seen, err := s.hub.scan(a.tag, *task.Scan)
		if err != nil {
			return nil, err
		}
		s.subs.mu.Lock()
		defer s.subs.mu.Unlock()
		a.core.Scanned(lane, rows, seen)
		return nil, nil
	case task.List != nil:
		ids, err := s.hub.list(a.tag, task.List.After)
		if err != nil {
			return nil, err
		}
		s.subs.mu.Lock()
		defer s.subs.mu.Unlock()
		a.core.Listed(ids)
		return nil, nil
	default:
		return a.page(lane, task.Topics)
	}
}

// page makes a page of some topics.
func (a *announcement) page(lane replica.Lane, topics []replica.Topic) (*madePage, error) {
	s := a.session
	room := s.hub.reserve()
	r, err := s.hub.read(topics, min(room.maxChanges, pageBytes))
	if err != nil {
		room.release()
		return nil, err
	}
	a.withhold(r.damaged)
	s.subs.mu.Lock()
	a.unread += uint64(len(r.damaged))
	m, ok := a.core.Page(lane, r.read, r.documents)
	if ok {
		m.Unread, a.unread = a.unread, 0
	}
	s.subs.liveLast = ok && lane == replica.Live
	s.subs.mu.Unlock()
	if !ok {
		room.release()
		return nil, nil
	}
	page := &madePage{frame: wire.Append(nil, m), documents: len(m.Documents), changes: r.changes, room: room}
	if err := page.room.resize(len(page.frame), s.conn.Done()); err != nil {
		page.room.release()
		return nil, nil // the connection has ended
	}
	return page, nil
}
