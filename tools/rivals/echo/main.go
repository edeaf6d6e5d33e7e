// Command echo is what remains of a relay without documents: it makes what
// arrives durable, with one Badger transaction for whatever waits, and passes
// it on. It is the ceiling for a relay on gorilla/websocket and Badger; the
// protocol is that of load.Ceiling.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"net/http"
	"os"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"github.com/gorilla/websocket"

	"github.com/godwit-sync/godwit/internal/load"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:3030", "`address`, on this machine")
	data := flag.String("data", "", "`directory` of the store")
	flag.Parse()
	if err := serve(*listen, *data); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func serve(listen, data string) error {
	db, err := badger.Open(badger.DefaultOptions(data).WithSyncWrites(true).WithLoggingLevel(badger.ERROR))
	if err != nil {
		return err
	}
	s := &server{rooms: map[string]*room{}, journal: make(chan write, 1024)}
	go s.commit(db)
	return http.ListenAndServe(listen, s)
}

type server struct {
	journal chan write

	mu    sync.Mutex
	rooms map[string]*room
}

// write is one frame that is to become durable.
type write struct {
	from  *member
	edits []byte
}

// commit makes all frames durable that have come while the last transaction
// was written, and only then lets them be heard.
func (s *server) commit(db *badger.DB) {
	var sequence uint64
	for first := range s.journal {
		group := []write{first}
		for size := len(first.edits); size < 1<<20 && len(s.journal) > 0; {
			next := <-s.journal
			size += len(next.edits)
			group = append(group, next)
		}
		err := db.Update(func(txn *badger.Txn) error {
			for _, w := range group {
				sequence++
				if err := txn.Set(binary.BigEndian.AppendUint64(nil, sequence), w.edits); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, "echo:", err)
			os.Exit(1) // nothing that follows would mean anything
		}
		for _, w := range group {
			w.from.room.pass(w)
		}
	}
}

// room is who hears each other.
type room struct {
	mu      sync.Mutex
	members []*member
}

func (r *room) pass(w write) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.members {
		if m == w.from {
			m.owe(nil)
		} else {
			m.owe(w.edits)
		}
	}
}

func (r *room) leave(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, other := range r.members {
		if other == m {
			r.members = append(r.members[:i], r.members[i+1:]...)
			return
		}
	}
}

// member is one connection.
type member struct {
	room *room
	conn *websocket.Conn

	mu       sync.Mutex
	flags    byte
	pending  []byte
	awaiting bool
	writing  bool
}

// owe adds edits to what the member is to be sent; nil means that its own are
// durable.
func (m *member) owe(edits []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if edits == nil {
		m.flags |= load.EchoAcknowledges
	}
	m.pending = append(m.pending, edits...)
	m.wake()
}

// wake starts a writer if there is something to write; m.mu is held.
func (m *member) wake() {
	if !m.writing && m.ready() {
		m.writing = true
		go m.write()
	}
}

func (m *member) ready() bool { return m.flags != 0 || len(m.pending) > 0 && !m.awaiting }

func (m *member) write() {
	for {
		m.mu.Lock()
		if !m.ready() {
			m.writing = false
			m.mu.Unlock()
			return
		}
		frame := []byte{m.flags}
		m.flags = 0
		if len(m.pending) > 0 && !m.awaiting {
			frame[0] |= load.EchoEdits
			frame = append(frame, m.pending...)
			m.pending, m.awaiting = m.pending[:0], true
		}
		m.mu.Unlock()
		if m.conn.WriteMessage(websocket.BinaryMessage, frame) != nil {
			return // the reader notices, too
		}
	}
}

// heard notes that the member has taken what it was sent.
func (m *member) heard() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.awaiting = false
	m.wake()
}

var upgrader = websocket.Upgrader{}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		return
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it has answered
	}
	defer conn.Close() //nolint:errcheck // nothing is left to be said
	m := s.enter(r.URL.Query().Get("room"), conn)
	defer m.room.leave(m)
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil || len(frame) == 0 {
			return
		}
		if frame[0]&load.EchoAcknowledges != 0 {
			m.heard()
		}
		if frame[0]&load.EchoEdits != 0 {
			s.journal <- write{m, frame[1:]}
		}
	}
}

func (s *server) enter(name string, conn *websocket.Conn) *member {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[name]
	if r == nil {
		r = &room{}
		s.rooms[name] = r
	}
	m := &member{room: r, conn: conn}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members = append(r.members, m)
	return m
}
