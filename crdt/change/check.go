package change

import "sync"

var (
	errActorIndex  = &fault{RuleActor, "actor index out of range"}
	errActorUnused = &fault{RuleActor, "an actor that no operation names"}
	errCounter     = &fault{RuleCounter, "names an id that can't be earlier"}
	errLastOp      = &fault{RuleCounter, "operation counters beyond the limit"}
	errObject      = &fault{RuleRows, "half an object id"}
	errKeyNone     = &fault{RuleKey, "no key"}
	errKeyBoth     = &fault{RuleKey, "a map key and an element"}
	errKeyHalf     = &fault{RuleKey, "half an element id"}
	errKeyRoot     = &fault{RuleKey, "an element of the root, which is a map"}
	errKeyHead     = &fault{RuleKey, "the head of a list is no element"}
	errManyPreds   = &fault{RuleLimit, "too many predecessors"}
	errPredRows    = &fault{RulePred, "counts and predecessors disagree"}
	errPredOrder   = &fault{RulePred, "predecessors are not ascending and distinct"}
	errNoPred      = &fault{RulePred, "a delete without predecessor"}
	errInsertPred  = &fault{RulePred, "a new element with a predecessor"}

	errIncrement    = &fault{RuleOperation, "an increment by something else than an integer"}
	errDeleteFields = &fault{RuleOperation, "a delete that inserts, has a value or marks"}
)

// checker verifies a change's operations, span by span, and collects the ids
// that they name outside the change.
type checker struct {
	table
	c     *Change
	used  bitset // actors that are named
	preds int
	refs  refList
}

// checkOps verifies the columns that this version knows and fills in Ops,
// NewerFormat and refs.
func (c *Change) checkOps(cols *columns) error {
	k := newChecker(c)
	defer k.release()
	k.init(cols)
	for {
		n, err := k.span()
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		if err := k.check(n); err != nil {
			return err
		}
		k.advance(n)
		c.Ops += uint64(n)
	}
	if !cols.unknown && !k.used.all(len(c.OtherActors)) {
		return errActorUnused
	}
	c.NewerFormat = c.NewerFormat || cols.unknown
	if len(k.refs.list) > 0 {
		c.refs = append([]Refs(nil), k.refs.list...)
	}
	return nil
}

// checkers are there to be used again, in the same memory.
var checkers = sync.Pool{New: func() any { return new(checker) }}

func newChecker(c *Change) *checker {
	k := checkers.Get().(*checker)
	k.c = c
	k.used = append(k.used, make(bitset, len(c.OtherActors)/64+1)...)
	return k
}

// release gives the memory back, unless it has become much, or what it refers
// to would stay.
func (k *checker) release() {
	const much = 64
	if cap(k.refs.list) <= much && cap(k.used) <= much {
		*k = checker{used: k.used[:0], refs: refList{list: k.refs.list[:0]}}
		checkers.Put(k)
	}
}

// check verifies a span of n rows.
func (k *checker) check(n int) error {
	at := int64(k.c.StartOp + k.c.Ops)
	if uint64(n) > MaxOps-k.c.Ops {
		return errManyOps
	}
	if at+int64(n)-1 > MaxCounter {
		return errLastOp
	}
	if err := k.object(at); err != nil {
		return err
	}
	if err := k.key(at, n); err != nil {
		return err
	}
	if err := k.operation(n); err != nil {
		return err
	}
	return k.predecessors(at, n)
}

func (k *checker) object(at int64) error {
	actor, counter := &k.col[colObjActor], &k.col[colObjCtr]
	if actor.Null() != counter.Null() {
		return errObject
	}
	if actor.Null() {
		return nil
	}
	if counter.Num >= at {
		return errCounter
	}
	return k.ids(refObject, actor.Num, ids{counter.Num, 0, 1})
}

func (k *checker) key(at int64, n int) error {
	actor, counter, name := &k.col[colKeyActor], &k.col[colKeyCtr], &k.col[colKeyStr]
	switch {
	case !name.Null() && counter.Null() && actor.Null():
		return nil
	case !name.Null():
		return errKeyBoth
	case counter.Null() && actor.Null():
		return errKeyNone
	case counter.Null():
		return errKeyHalf
	case k.col[colObjActor].Null():
		return errKeyRoot
	case tooSteep(counter.Num):
		return errCounter
	}
	first := k.keyAt + counter.Num
	if actor.Null() { // the head of a list
		if first != 0 || n > 1 && counter.Num != 0 {
			return errKeyHalf
		}
		if !k.insert.Value {
			return errKeyHead
		}
		return nil
	}
	elements := ids{first, counter.Num, int64(n)}
	if !elements.earlier(at) {
		return errCounter
	}
	return k.ids(refElement, actor.Num, elements)
}

// predecessors verifies those of n rows that have the same number of them.
func (k *checker) predecessors(at int64, n int) error {
	each := k.col[colPredCount].Num
	if each == 0 {
		if Action(k.col[colAction].Num) == ActionDelete {
			return errNoPred
		}
		return nil
	}
	if k.insert.Value {
		return errInsertPred
	}
	if each > int64(MaxOps-k.preds)/int64(n) {
		return errManyPreds
	}
	k.preds += n * int(each)
	for n > 0 {
		left, actor, first, step, err := k.table.preds(n * int(each))
		if err != nil {
			return err
		}
		rows := left / int(each)
		if rows == 0 {
			rows, err = 1, k.predsOfRow(at, int(each))
		} else {
			err = k.predsOfRows(at, rows, int64(actor), ids{first, step, each})
		}
		if err != nil {
			return err
		}
		at += int64(rows)
		n -= rows
	}
	return nil
}

// predsOfRows verifies rows whose predecessors, some for each, are all in one
// progression.
func (k *checker) predsOfRows(at int64, rows int, actor int64, row ids) error {
	if row.count > 1 && row.step <= 0 {
		return errPredOrder
	}
	largest := ids{row.last(), row.step * row.count, int64(rows)}
	if !largest.earlier(at) {
		return errCounter
	}
	all := ids{row.first, row.step, row.count * int64(rows)}
	k.advancePreds(int(all.count))
	return k.ids(refPred, actor, all)
}

// predsOfRow verifies one row whose predecessors lie in several runs.
func (k *checker) predsOfRow(at int64, left int) error {
	var lastActor int
	var last int64
	for left > 0 {
		n, actor, first, step, err := k.table.preds(left)
		if err != nil {
			return err
		}
		row := ids{first, step, int64(n)}
		if max(row.first, row.last()) >= at {
			return errCounter
		}
		if err := k.ids(refPred, int64(actor), row); err != nil {
			return err
		}
		if n > 1 && step <= 0 || first < last || first == last && !k.c.lessActor(lastActor, actor) {
			return errPredOrder
		}
		lastActor, last = actor, row.last()
		k.advancePreds(n)
		left -= n
	}
	return nil
}

// lessActor reports whether the actor of index a sorts before that of b.
func (c *Change) lessActor(a, b int) bool {
	if a != 0 && b != 0 {
		return a < b
	}
	return c.actorAt(a) < c.actorAt(b)
}

// ids verifies that a progression's actor is known and its counters positive,
// and notes those of its ids that lie outside the change.
func (k *checker) ids(kind refKind, actor int64, p ids) error {
	if actor > int64(len(k.c.OtherActors)) {
		return errActorIndex
	}
	k.used.set(int(actor))
	if min(p.first, p.last()) < 1 {
		return errCounter
	}
	if actor == 0 {
		p = p.below(int64(k.c.StartOp))
	}
	if p.count > 0 {
		k.refs.add(kind, Refs{Actor: int(actor), First: uint64(p.first), Step: p.step, Count: uint64(p.count)})
	}
	return nil
}

// operation verifies what rows of one action may hold besides.
func (k *checker) operation(n int) error {
	kind, _ := splitMeta(k.col[colValueMeta].Num)
	switch action := Action(k.col[colAction].Num); {
	case !action.Known():
		k.c.NewerFormat = true
	case action == ActionIncrement && kind != ValueInt && kind != ValueUint:
		return errIncrement
	case action == ActionDelete && (kind != ValueNull || k.insert.Value || k.marked()):
		return errDeleteFields
	}
	return k.values(n)
}

// marked reports whether the rows have a mark's fields.
func (k *checker) marked() bool { return k.expand.Value || !k.col[colMarkName].Null() }
