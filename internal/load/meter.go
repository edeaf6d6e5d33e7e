package load

import (
	"slices"
	"sync/atomic"
	"time"
)

// window is the time that is measured: what is made in it counts for latency,
// what arrives in it for throughput.
type window struct{ from, to atomic.Int64 }

const never = 1<<63 - 1

func newWindow() *window {
	w := &window{}
	w.from.Store(never)
	w.to.Store(never)
	return w
}

func (w *window) open()  { w.from.Store(int64(now())) }
func (w *window) close() { w.to.Store(int64(now())) }

func (w *window) length() time.Duration { return time.Duration(w.to.Load() - w.from.Load()) }

func (w *window) holds(t time.Duration) bool {
	return int64(t) >= w.from.Load() && int64(t) < w.to.Load()
}

// meter counts the deliveries to one receiver. Its owner guards it.
type meter struct {
	window    *window
	arrived   int             // within the window
	latencies []time.Duration // of what was made within it
}

// delivered counts a delivery. A nil meter counts nothing.
func (m *meter) delivered(made, at time.Duration) {
	if m == nil {
		return
	}
	if m.window.holds(at) {
		m.arrived++
	}
	if m.window.holds(made) {
		m.latencies = append(m.latencies, at-made)
	}
}

// Latency summarises a set of latencies.
type Latency struct {
	Samples            int
	P50, P90, P99, Max time.Duration
}

// summarise sorts all meters' samples: there are few enough to be exact.
func summarise(meters []*meter) Latency {
	var all []time.Duration
	for _, m := range meters {
		all = append(all, m.latencies...)
	}
	slices.Sort(all)
	return Latency{
		Samples: len(all),
		P50:     quantile(all, 0.50), P90: quantile(all, 0.90), P99: quantile(all, 0.99), Max: quantile(all, 1),
	}
}

// quantile returns the smallest value that at least the fraction q of the
// sorted samples don't exceed; zero if there is none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(q*float64(len(sorted)) + 0.999999)
	return sorted[min(max(rank, 1), len(sorted))-1]
}
