package presence

import (
	"fmt"
	"time"
)

// Sender is who said something: the senderId and the sessionId of the ephemeral
// message. A peer has another session after each start of its process.
type Sender struct {
	Peer    string
	Session string
}

// Person is somebody else who is here, as of one moment: a peer, of which the
// same human may have several.
type Person struct {
	Sender
	// Seen is when anything was last heard of it, and Active when it last showed
	// something of itself.
	Seen, Active time.Time

	state state
}

// State returns what the person shows of itself, by channel, in the types of
// [Decode]. The map belongs to the caller.
func (p Person) State() map[string]any { return p.state.values() }

// cost is about how many bytes it takes to remember somebody.
func (p Person) cost() int { return 256 + len(p.Peer) + len(p.Session) + p.state.cost() }

// Event is what became of a person.
type Event struct {
	Kind   EventKind
	Person Person // Left: as it was last
}

// EventKind is what can become of a person.
type EventKind int

// A person that joined is new, or has started anew.
const (
	Joined EventKind = iota + 1
	Changed
	Left
)

func (k EventKind) String() string {
	switch k {
	case Joined:
		return "joined"
	case Changed:
		return "changed"
	case Left:
		return "left"
	default:
		return fmt.Sprintf("EventKind(%d)", int(k))
	}
}
