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
	Shape  Shape // with at least two peers
	Server Server
	// Start is the first offered load, in deliveries per second; 0 = 100.
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
	return cfg.search(ctx, "sustained", func(ctx context.Context) (context.Context, party, error) {
		return board(ctx, cfg.Run, cfg.Server.URL(), cfg.Shape.withDefaults())
	})
}

// boarding brings parties together, each with the context in which it works.
type boarding func(context.Context) (context.Context, party, error)

func (cfg SustainedConfig) withDefaults() SustainedConfig {
	cfg.Shape = cfg.Shape.withDefaults()
	if cfg.Start == 0 {
		cfg.Start = 100
	}
	if cfg.Step == 0 {
		cfg.Step = 2 * time.Second
	}
	if cfg.Refine == 0 {
		cfg.Refine = 3
	}
	return cfg
}

// search reports the highest load that parties carry.
func (cfg SustainedConfig) search(ctx context.Context, name string, board boarding) (*Report, error) {
	cfg = cfg.withDefaults()
	best, err := climb(cfg.Start, cfg.Refine, func(rate float64) (outcome, error) {
		return cfg.attempt(ctx, rate/float64(cfg.Shape.Peers-1), board)
	})
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, cfg.Shape, err)
	}
	report := &Report{Workload: fmt.Sprintf("%s %s", name, cfg.Shape), Seed: cfg.Seed}
	report.add("deliveries", best.deliveries, "/s")
	report.addLatency("", best.latency)
	best.addWork(report)
	return report, nil
}

// attempt offers one load, in edits per second.
func (cfg SustainedConfig) attempt(ctx context.Context, rate float64, board boarding) (outcome, error) {
	ctx, p, err := board(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer p.close()
	o, err := offer(ctx, p, cfg.random(), cfg.Server.PID(), rate, cfg.Shape.Peers-1, cfg.Step)
	if err == nil {
		cfg.say("  %8.0f deliveries/s of %8.0f, p50 %7.1f ms, p99 %7.1f ms; work of the server %6.1f µs each, of the driver %5.1f µs",
			o.deliveries, o.offered, milliseconds(o.latency.P50), milliseconds(o.latency.P99), microseconds(o.server), microseconds(o.driver))
	}
	return o, err
}

// stride is the factor between two loads until one is too much.
const stride = 4

// climb raises the load from start, in deliveries per second, until it is too
// much, then halves the gap, on a logarithmic scale, refine times.
func climb(start float64, refine int, attempt func(rate float64) (outcome, error)) (best outcome, err error) {
	low, high := 0.0, math.Inf(1)
	for rate := start; refine > 0; {
		o, err := attempt(rate)
		if err != nil {
			return best, fmt.Errorf("at %.0f/s: %w", rate, err)
		}
		if !math.IsInf(high, 1) {
			refine--
		}
		if o.carried() && o.deliveries > best.deliveries {
			best = o
		}
		switch {
		case o.carried() && o.driven:
			low = rate
		case low == 0:
			return best, fmt.Errorf("%w: %.0f deliveries/s", ErrOverload, rate)
		default:
			high = rate
		}
		if rate = stride * low; !math.IsInf(high, 1) {
			rate = math.Sqrt(low * high)
		}
	}
	return best, nil
}
