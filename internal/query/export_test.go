package query

// Key returns a value's key, at most limit bytes of it.
func Key(v any, limit int) []byte { return appendKey(nil, v, limit) }

// Whole is a limit that cuts nothing.
const Whole = whole

// Every returns a plan for each way to run a query, whatever it costs.
func Every(q Query, indexes []Index) ([]*Plan, error) {
	p, err := NewPlan(q, nil)
	if err != nil || p.isEmpty() {
		return []*Plan{p}, err
	}
	plans := []*Plan{p}
	for _, x := range indexes {
		other := *p
		other.way = p.along(x)
		plans = append(plans, &other)
	}
	return plans, nil
}

// Held is how many places a live result keeps.
func (l *Live) Held() int { return l.held.n }
