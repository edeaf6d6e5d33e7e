package presence

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// What [Config] means by zero; the same as in automerge-repo.
const (
	DefaultHeartbeat = 15 * time.Second
	DefaultTTL       = 3 * DefaultHeartbeat
)

// helloDelay is how long a newcomer waits for the others to show themselves,
// as in automerge-repo: it may not be listening yet. All who come meanwhile get
// one snapshot.
const helloDelay = 500 * time.Millisecond

// MaxBytes bounds what a roster remembers of others. Who comes when it is
// reached is not shown, until somebody has left.
const MaxBytes = 4 << 20

// Config says how a roster works.
type Config struct {
	// Heartbeat is after how much silence of our own we say that we are still
	// here; 0 = [DefaultHeartbeat].
	Heartbeat time.Duration
	// TTL is after how much silence others are taken to have gone; 0 =
	// [DefaultTTL]. They are looked for every Heartbeat.
	TTL time.Duration
}

// Roster is the presence of one document: what we show of ourselves, and who
// else is here. Its owner tells it what happens, broadcasts the payloads that
// it returns (nil = nothing), in order, and calls [Roster.Tick] when
// [Roster.Next] is due. Where no link is, payloads can be dropped.
//
// As in automerge-repo, a roster neither speaks nor listens before
// [Roster.Start] and after [Roster.Stop].
type Roster struct {
	config  Config
	running bool
	own     state
	others  map[string]Person // by peer
	bytes   int               // that the others cost

	said  Kind // our last words
	hello time.Time
	beat  time.Time
	prune time.Time
}

// New returns the roster of a document in which nobody is known to be.
func New(c Config) *Roster {
	return &Roster{config: Config{
		Heartbeat: cmp.Or(c.Heartbeat, DefaultHeartbeat),
		TTL:       cmp.Or(c.TTL, DefaultTTL),
	}}
}

// Start begins to show ourselves, and to see others, who soon answer.
func (r *Roster) Start(now time.Time, own map[string]any) ([]byte, error) {
	if r.running {
		return nil, ErrStarted
	}
	channels, err := encodeAll(own)
	if err != nil {
		return nil, err
	}
	s, err := state{}.with(channels)
	if err != nil {
		return nil, err
	}
	r.running, r.own, r.others, r.bytes = true, s, map[string]Person{}, 0
	r.prune = now.Add(r.config.Heartbeat)
	return r.show(now), nil
}

// Stop says goodbye. Nobody is here any more for us; there are no events for
// that.
func (r *Roster) Stop() []byte {
	if !r.running {
		return nil
	}
	*r = Roster{config: r.config}
	return encodeBare(Goodbye)
}

// Set shows another value in one channel. Every call is broadcast: it is the
// caller who knows how often that is sensible.
func (r *Roster) Set(now time.Time, channel string, value any) ([]byte, error) {
	if !r.running {
		return nil, ErrStopped
	}
	data, err := encodeChannel(channel, value)
	if err != nil {
		return nil, err
	}
	s, err := r.own.with(map[string]cbor.RawMessage{channel: data})
	if err != nil {
		return nil, err
	}
	r.own = s
	return r.say(now, Update, encodeUpdate(channel, data)), nil
}

// Own returns what we show of ourselves, in the types of [Decode].
func (r *Roster) Own() map[string]any { return r.own.values() }

// Linked tells that what we say reaches others again, who may have missed
// something, or given us up.
func (r *Roster) Linked(now time.Time) []byte {
	if !r.running {
		return nil
	}
	return r.show(now)
}

// Tick does what is due: it shows us to who is new, says that we are still
// here, and forgets who has gone.
func (r *Roster) Tick(now time.Time) ([]byte, []Event) {
	if !r.running {
		return nil, nil
	}
	var gone []Event
	if !now.Before(r.prune) {
		r.prune = now.Add(r.config.Heartbeat)
		gone = r.forget(now.Add(-r.config.TTL))
	}
	switch {
	case !r.hello.IsZero() && !now.Before(r.hello):
		r.hello = time.Time{}
		return r.show(now), gone
	case !now.Before(r.beat):
		return r.say(now, Heartbeat, encodeBare(Heartbeat)), gone
	default:
		return nil, gone
	}
}

// Next returns when [Roster.Tick] has something to do; zero = never. Any other
// call may change it.
func (r *Roster) Next() time.Time {
	next := r.beat
	if r.prune.Before(next) {
		next = r.prune
	}
	if !r.hello.IsZero() && r.hello.Before(next) {
		next = r.hello
	}
	return next
}

// Others returns who else is here, by peer id.
func (r *Roster) Others() []Person {
	others := make([]Person, 0, len(r.others))
	for _, p := range r.others {
		others = append(others, p)
	}
	slices.SortFunc(others, func(a, b Person) int { return strings.Compare(a.Peer, b.Peer) })
	return others
}

func (r *Roster) show(now time.Time) []byte {
	return r.say(now, Snapshot, encodeSnapshot(r.own.channels))
}

// say notes that something is said: the next heartbeat can wait.
func (r *Roster) say(now time.Time, k Kind, payload []byte) []byte {
	r.said = k
	r.beat = now.Add(r.config.Heartbeat)
	return payload
}
