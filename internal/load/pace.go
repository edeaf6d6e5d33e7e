package load

import (
	"context"
	"math/rand/v2"
	"time"
)

// beat is how often the pacer looks what is due.
const beat = time.Millisecond

// pace makes edits at a rate per second, all together, for as long as given.
// The editors take turns in an order that r shuffles. It returns how many edits
// were made: what was due and could not be made in time is made up for, and
// nothing is added at the end.
func pace(ctx context.Context, r *rand.Rand, rate float64, during time.Duration, editors []func() error) (made int, err error) {
	order := r.Perm(len(editors))
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	began := now()
	for {
		elapsed := now() - began
		if elapsed >= during {
			return made, nil
		}
		for due := int(rate * elapsed.Seconds()); made < due && now()-began < during; made++ {
			if err := editors[order[made%len(order)]](); err != nil {
				return made, err
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return made, context.Cause(ctx)
		}
	}
}
