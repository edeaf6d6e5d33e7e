package load

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// beat is how often a pacer looks what is due.
const beat = time.Millisecond

// pacer makes edits, in an order that a seed decides.
type pacer struct {
	editors []func() error
	late    []time.Duration // how late the machine woke it, each time
}

func newPacer(r *rand.Rand, editors []func() error) *pacer {
	r.Shuffle(len(editors), func(i, j int) { editors[i], editors[j] = editors[j], editors[i] })
	return &pacer{editors: editors}
}

// pace makes edits at a rate per second, all together, for as long as given,
// and returns how many. What was due and could not be made in time is made up
// for; nothing is added at the end.
func (p *pacer) pace(ctx context.Context, rate float64, during time.Duration) (made int, err error) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	began := now()
	for {
		elapsed := now() - began
		if elapsed >= during {
			return made, nil
		}
		for due := int(rate * elapsed.Seconds()); made < due && now()-began < during; made++ {
			if err := p.editors[made%len(p.editors)](); err != nil {
				return made, err
			}
		}
		slept := now()
		select {
		case <-ticker.C:
			p.late = append(p.late, max(0, now()-slept-beat))
		case <-ctx.Done():
			return made, context.Cause(ctx)
		}
	}
}

// lateness is the 99th percentile of how late the pacer was woken: what the
// machine adds to a latency, whatever the server does.
func (p *pacer) lateness() time.Duration {
	slices.Sort(p.late)
	return quantile(p.late, 0.99)
}
