package change

// ids is an arithmetic progression of counters of one actor. Between rows of
// a change counters grow evenly, so that whole runs can be judged by their
// ends.
type ids struct{ first, step, count int64 }

func (p ids) last() int64 { return p.first + (p.count-1)*p.step }

// earlier reports whether each of the counters is smaller than that of its
// row, where the first row's is at and the rows follow each other.
func (p ids) earlier(at int64) bool {
	return p.first < at && p.last() < at+p.count-1
}

// below returns the part of p that is smaller than limit.
func (p ids) below(limit int64) ids {
	firstIn, lastIn := p.first < limit, p.last() < limit
	switch {
	case firstIn && lastIn:
		return p
	case firstIn: // it grows beyond the limit
		p.count = (limit - p.first + p.step - 1) / p.step
	case lastIn: // it shrinks below it
		skip := (p.first-limit)/-p.step + 1
		p.first += skip * p.step
		p.count -= skip
	default:
		p.count = 0
	}
	return p
}

// refKind is what a change names an id as.
type refKind int

const (
	refObject refKind = iota
	refElement
	refPred
	numRefKinds
)

// refList collects what a change names outside itself. Ids of one kind mostly
// continue each other, and an element that is deleted is its own predecessor:
// so each is compared with the latest entry of every kind.
type refList struct {
	list   []Refs
	latest [numRefKinds]int // index + 1
}

func (l *refList) add(kind refKind, r Refs) {
	if r.Step == 0 || r.Count == 1 {
		r.Step, r.Count = 0, 1
	}
	for _, i := range l.latest {
		if i > 0 && l.list[i-1].contains(r) {
			return
		}
	}
	if i := l.latest[kind]; i > 0 && l.list[i-1].extend(r) {
		return
	}
	l.list = append(l.list, r)
	l.latest[kind] = len(l.list)
}

func (r Refs) end() int64 { return int64(r.First) + int64(r.Count-1)*r.Step }

// has reports whether r contains the id of its actor with this counter.
func (r Refs) has(counter int64) bool {
	away := counter - int64(r.First)
	if r.Step == 0 {
		return away == 0
	}
	n := away / r.Step
	return away%r.Step == 0 && n >= 0 && n < int64(r.Count)
}

func (r Refs) contains(o Refs) bool {
	return r.Actor == o.Actor && (o.Count == 1 || o.Step == r.Step) &&
		r.has(int64(o.First)) && r.has(o.end())
}

// extend appends o to r if the result is one progression.
func (r *Refs) extend(o Refs) bool {
	if r.Actor != o.Actor {
		return false
	}
	step := int64(o.First) - r.end()
	if r.Count > 1 && step != r.Step || o.Count > 1 && step != o.Step {
		return false
	}
	r.Step = step
	r.Count += o.Count
	return true
}

// bitset is a set of small numbers.
type bitset []uint64

func (s bitset) set(i int) { s[i/64] |= 1 << (i % 64) }

// all reports whether the set holds 1 … largest.
func (s bitset) all(largest int) bool {
	for i := 1; i <= largest; i++ {
		if s[i/64]&(1<<(i%64)) == 0 {
			return false
		}
	}
	return true
}
