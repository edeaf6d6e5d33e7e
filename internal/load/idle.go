package load

import (
	"context"
	"fmt"
	"time"
)

// IdleConfig says how to measure what an idle connection costs.
type IdleConfig struct {
	Run
	Server      Server
	Connections int           // each with a document of its own; 0 = 1,000
	Settle      time.Duration // how long they do nothing before memory is read; 0 = 15 s
}

// Idle opens connections, a document with one change on each, and reports what
// memory the server took for one.
func Idle(ctx context.Context, cfg IdleConfig) (*Report, error) {
	if cfg.Connections == 0 {
		cfg.Connections = 1000
	}
	if cfg.Settle == 0 {
		cfg.Settle = 15 * time.Second
	}
	before, err := Anonymous(cfg.Server.PID())
	if err != nil {
		return nil, fmt.Errorf("idle: %w", err)
	}
	ctx, c, err := board(ctx, cfg.Run, cfg.Server.URL(), Shape{Documents: cfg.Connections, Peers: 1})
	if err != nil {
		return nil, fmt.Errorf("idle: %w", err)
	}
	defer c.close()
	if err := sleep(ctx, cfg.Settle); err != nil {
		return nil, fmt.Errorf("idle: %w", err)
	}
	after, err := Anonymous(cfg.Server.PID())
	if err != nil {
		return nil, fmt.Errorf("idle: %w", err)
	}
	each := float64(after-before) / float64(cfg.Connections) / 1024
	cfg.say("  %d connections: %.1f MB before, %.1f MB after", cfg.Connections, megabytes(before), megabytes(after))
	report := &Report{Workload: fmt.Sprintf("idle %d", cfg.Connections), Seed: cfg.Seed}
	report.add("memory per connection", each, "KB")
	return report, nil
}

func megabytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
