package change

import (
	"unicode/utf8"

	"github.com/godwit-sync/godwit/crdt/internal/column"
)

var (
	errManyOps      = &fault{RuleLimit, "too many operations"}
	errHeader       = &fault{RuleHeader, "malformed"}
	errManyDeps     = &fault{RuleLimit, "too many dependencies"}
	errDepsOrder    = &fault{RuleHeader, "dependencies are not ascending and distinct"}
	errActorEmpty   = &fault{RuleHeader, "an actor id is empty"}
	errActorSize    = &fault{RuleLimit, "an actor id is too long"}
	errManyActors   = &fault{RuleLimit, "too many actors"}
	errActorsOrder  = &fault{RuleHeader, "other actors are not ascending and distinct"}
	errActorTwice   = &fault{RuleHeader, "the author is among the other actors"}
	errSeq          = &fault{RuleHeader, "sequence number out of range"}
	errStartOp      = &fault{RuleHeader, "first operation out of range"}
	errMessageSize  = &fault{RuleLimit, "message too long"}
	errMessage      = &fault{RuleHeader, "message is not UTF-8"}
	errManyColumns  = &fault{RuleColumns, "too many columns"}
	errColumnTable  = &fault{RuleColumns, "malformed"}
	errColumnOrder  = &fault{RuleColumns, "columns are not ascending and distinct"}
	errColumnEmpty  = &fault{RuleColumns, "an empty column"}
	errDeflatedCol  = &fault{RuleColumns, "a deflated column"}
	errColumnsShort = &fault{RuleColumns, "columns end too early"}
	errExtraSize    = &fault{RuleLimit, "too many extra bytes"}
)

// reader walks a change's body. After a fault every read returns zero, so
// that callers check once per group of fields.
type reader struct {
	b      []byte
	author ActorID // who it mostly is, if known
	err    error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

func (r *reader) uint() uint64 {
	v, n, err := column.Uleb(r.b)
	if err != nil {
		r.fail(errHeader)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int64 {
	v, n, err := column.Sleb(r.b)
	if err != nil {
		r.fail(errHeader)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) take(n uint64, short error) []byte {
	if n > uint64(len(r.b)) {
		r.fail(short)
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

// count reads how many items of at least size bytes follow.
func (r *reader) count(limit, size int, over error) int {
	n := r.uint()
	if n > uint64(limit) {
		r.fail(over)
		return 0
	}
	if n > uint64(len(r.b)/size) {
		r.fail(errHeader)
		return 0
	}
	return int(n)
}

func (r *reader) actor() ActorID {
	n := r.uint()
	switch {
	case r.err != nil:
	case n == 0:
		r.fail(errActorEmpty)
	case n > MaxActorSize:
		r.fail(errActorSize)
	}
	id := r.take(n, errHeader)
	if string(id) == string(r.author) {
		return r.author
	}
	return ActorID(id)
}

// readHeader fills in the fields before the columns.
func (c *Change) readHeader(r *reader) {
	c.readDeps(r)
	c.Actor = r.actor()
	if c.Seq = r.uint(); r.err == nil && (c.Seq == 0 || c.Seq > MaxCounter) {
		r.fail(errSeq)
	}
	if c.StartOp = r.uint(); r.err == nil && (c.StartOp == 0 || c.StartOp > MaxCounter) {
		r.fail(errStartOp)
	}
	c.Time = r.int()
	c.readMessage(r)
	c.readActors(r)
}

func (c *Change) readDeps(r *reader) {
	n := r.count(MaxDeps, HashSize, errManyDeps)
	raw := r.take(uint64(n)*HashSize, errHeader)
	switch {
	case n == 1:
		c.Deps = c.oneDep[:0]
	case n > 1:
		c.Deps = make([]Hash, 0, n)
	}
	for ; len(raw) > 0; raw = raw[HashSize:] {
		dep := Hash(raw[:HashSize])
		if last := len(c.Deps) - 1; last >= 0 && c.Deps[last].Compare(dep) >= 0 {
			r.fail(errDepsOrder)
		}
		c.Deps = append(c.Deps, dep)
	}
}

func (c *Change) readMessage(r *reader) {
	n := r.uint()
	if n > MaxMessage {
		r.fail(errMessageSize)
		return
	}
	text := r.take(n, errHeader)
	if !utf8.Valid(text) {
		r.fail(errMessage)
	}
	c.Message = string(text)
}

func (c *Change) readActors(r *reader) {
	n := r.count(MaxActors, 2, errManyActors)
	if n == 0 {
		return
	}
	c.OtherActors = make([]ActorID, 0, n)
	for range n {
		actor := r.actor()
		switch last := len(c.OtherActors) - 1; {
		case r.err != nil:
			return
		case actor == c.Actor:
			r.fail(errActorTwice)
		case last >= 0 && c.OtherActors[last] >= actor:
			r.fail(errActorsOrder)
		}
		c.OtherActors = append(c.OtherActors, actor)
	}
}

// actorAt returns the actor of index i, which must be in range.
func (c *Change) actorAt(i int) ActorID {
	if i == 0 {
		return c.Actor
	}
	return c.OtherActors[i-1]
}
