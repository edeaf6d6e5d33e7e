package load

import (
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Climb is climb with a made-up server, which carries some loads.
func Climb(start float64, refine int, carries func(rate float64) bool) (best float64, attempts []float64, err error) {
	o, err := climb(start, refine, func(rate float64) (outcome, error) {
		attempts = append(attempts, rate)
		o := outcome{offered: rate, deliveries: rate, driven: true}
		if !carries(rate) {
			o.latency.P99 = 2 * carriedLatency
		}
		return o, nil
	})
	return o.deliveries, attempts, err
}

// Peek is peek.
var Peek = peek

// Quantile is quantile.
var Quantile = quantile

// Samples makes the latencies 1, 2, … n.
func Samples(n int) []time.Duration {
	samples := make([]time.Duration, n)
	for i := range samples {
		samples[i] = time.Duration(i + 1)
	}
	return samples
}

// Opener is an opener that has learnt from a frame with this data.
func Opener(frame, data []byte) func(frame []byte) ([]byte, bool) {
	o := &opener{}
	o.learn(frame, data)
	return o.open
}

// Bystander is a replica that receives one author's changes in a given order
// (by sequence number), and returns how many are visible after each, and what
// it would ask for.
func Bystander(changes int, order []int) (visible, needed []int, err error) {
	h, err := written(changes)
	if err != nil {
		return nil, nil, err
	}
	r := newReplica(h)
	last := h.authors[0].entry(uint64(changes)).hash
	seen := 0
	for _, seq := range order {
		c := ref{0, uint32(seq)}
		r.receive(c, r.entry(c), func(*entry) { seen++ })
		visible = append(visible, seen)
		needed = append(needed, len(r.need([]change.Hash{last})))
	}
	return visible, needed, nil
}

// TypedOut returns the changes of a text written by keystrokes.
func TypedOut(strokes []Keystroke) ([][]byte, error) {
	h, err := typedOut(strokes)
	if err != nil {
		return nil, err
	}
	var chunks [][]byte
	for _, e := range h.authors[0].entries {
		chunks = append(chunks, e.chunk)
	}
	return chunks, nil
}
