package peer

import (
	"maps"
	"slices"
	"sync"
)

// audience are those who are told of something, by what they want to hear of. The
// zero value is nobody.
type audience[K, L comparable] struct {
	mu sync.Mutex
	by map[K][]L // a list is replaced, not changed: it is gone through unlocked
}

// everything is the interest of those who are told of all that there is.
var everything struct{}

// add has somebody told until the function is called that it returns.
func (a *audience[K, L]) add(of K, who L) (remove func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.by = map[K][]L{}
	}
	a.by[of] = append(slices.Clip(a.by[of]), who)
	return func() { a.remove(of, who) }
}

func (a *audience[K, L]) remove(of K, who L) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(a.by[of]), func(other L) bool { return other == who })
	if a.by[of] = rest; len(rest) == 0 {
		delete(a.by, of)
	}
}

// of returns those who are told of something now.
func (a *audience[K, L]) of(what K) []L {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.by[what]
}

// interests returns what somebody wants to hear of.
func (a *audience[K, L]) interests() []K {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Keys(a.by))
}
