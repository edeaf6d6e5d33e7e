package load

import (
	"context"
	"fmt"
	"time"
)

// PacedConfig says how to measure latency at a load that is easily carried.
type PacedConfig struct {
	Run
	Shape  Shape
	Server Server
	Rate   float64       // edits per second of all peers together; 0 = 500
	During time.Duration // 0 = 5 s
}

// Paced offers one load and reports the latencies of its deliveries.
func Paced(ctx context.Context, cfg PacedConfig) (*Report, error) {
	cfg.Shape = cfg.Shape.withDefaults()
	if cfg.Rate == 0 {
		cfg.Rate = 500
	}
	if cfg.During == 0 {
		cfg.During = 5 * time.Second
	}
	ctx, c, err := board(ctx, cfg.Run, cfg.Server.URL(), cfg.Shape)
	if err != nil {
		return nil, fmt.Errorf("paced: %w", err)
	}
	defer c.close()
	o, err := offer(ctx, c, cfg.random(), cfg.Server.PID(), cfg.Rate, cfg.Shape.Peers-1, cfg.During)
	if err != nil {
		return nil, fmt.Errorf("paced: %w", err)
	}
	cfg.say("  paced %.0f edits/s: p50 %.2f ms, p99 %.2f ms", cfg.Rate, milliseconds(o.latency.P50), milliseconds(o.latency.P99))
	report := &Report{Workload: fmt.Sprintf("paced %.0f/s", cfg.Rate), Seed: cfg.Seed}
	report.addLatency("", o.latency)
	o.addWork(report)
	return report, nil
}
