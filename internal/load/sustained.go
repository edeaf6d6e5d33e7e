package load

import (
	"context"
	"fmt"
	"math"
	"time"
)

// SustainedConfig says how to look for the highest load that is carried.
type SustainedConfig struct {
	Run
	Shape
	Server Server
	// Start is the first offered load, in edits per second of all peers
	// together; 0 = 500.
	Start float64
	// Step is how long each load is offered and measured, after half a second
	// of warm-up; 0 = 2 s.
	Step time.Duration
	// Refine is how often the gap between the highest load that was carried and
	// the lowest that was not is halved; 0 = 3.
	Refine int
}

// A load is carried if nothing is lost, nearly all of it arrives while it is
// offered, and 99 of 100 deliveries within a second.
const (
	carriedShare   = 0.9
	carriedLatency = time.Second
)

func (o outcome) carried() bool {
	return o.deliveries >= carriedShare*o.offered && o.latency.P99 <= carriedLatency
}

// Sustained offers a rising load, each time to new documents on new
// connections, and reports the highest that was carried.
func Sustained(ctx context.Context, cfg SustainedConfig) (*Report, error) {
	cfg.Shape = cfg.Shape.withDefaults()
	board := func() (party, func(), error) {
		c, err := board(ctx, cfg.Server.URL(), cfg.Shape)
		if err != nil {
			return nil, nil, err
		}
		return c, c.close, nil
	}
	best, err := climb(cfg, cfg.Server.PID(), board)
	if err != nil {
		return nil, fmt.Errorf("sustained %s: %w", cfg.Shape, err)
	}
	report := &Report{Workload: fmt.Sprintf("sustained %s", cfg.Shape), Seed: cfg.Seed}
	report.add("deliveries", best.deliveries, "/s")
	report.addLatency("", best.latency)
	report.add("server's work per delivery", microseconds(best.server), "µs")
	report.add("driver's work per delivery", microseconds(best.driver), "µs")
	return report, nil
}

// climb doubles the load until it is too much, then halves the gap.
func climb(cfg SustainedConfig, pid int, board func() (party, func(), error)) (outcome, error) {
	if cfg.Start == 0 {
		cfg.Start = 500
	}
	if cfg.Step == 0 {
		cfg.Step = 2 * time.Second
	}
	if cfg.Refine == 0 {
		cfg.Refine = 3
	}
	var best outcome
	low, high := 0.0, math.Inf(1) // edits per second
	rate := cfg.Start
	for math.IsInf(high, 1) || cfg.Refine > 0 {
		p, leave, err := board()
		if err != nil {
			return best, err
		}
		o, err := offer(p, cfg.random(), pid, rate, cfg.Peers-1, cfg.Step)
		leave()
		if err != nil {
			return best, fmt.Errorf("at %.0f edits/s: %w", rate, err)
		}
		cfg.say("  %8.0f edits/s: %8.0f deliveries/s of %8.0f, p50 %7.1f ms, p99 %7.1f ms; %5.1f and %4.1f µs of work each", rate,
			o.deliveries, o.offered, milliseconds(o.latency.P50), milliseconds(o.latency.P99), microseconds(o.server), microseconds(o.driver))
		if !math.IsInf(high, 1) {
			cfg.Refine--
		}
		if o.carried() {
			low = rate
			if o.deliveries > best.deliveries {
				best = o
			}
		} else {
			high = rate
		}
		if rate = 2 * low; !math.IsInf(high, 1) {
			rate = math.Sqrt(low * high)
		}
		if low == 0 {
			return best, fmt.Errorf("%w: %.0f edits/s", ErrOverload, cfg.Start)
		}
	}
	return best, nil
}
