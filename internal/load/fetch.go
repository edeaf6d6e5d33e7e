package load

import (
	"context"
	"fmt"
	"time"
)

// FetchConfig says how to measure the fetching of many documents.
type FetchConfig struct {
	Run
	Server    Server
	Documents int // 0 = 2,000
	Changes   int // in each; 0 = 50
	// Rest is how long a server that doesn't write at once gets to write before
	// it is stopped; 0 = 3 s.
	Rest time.Duration
}

func (cfg FetchConfig) withDefaults() FetchConfig {
	if cfg.Documents == 0 {
		cfg.Documents = 2000
	}
	if cfg.Changes == 0 {
		cfg.Changes = 50
	}
	if cfg.Rest == 0 {
		cfg.Rest = 3 * time.Second
	}
	return cfg
}

// Fetch has one client push documents, and reports how long it takes another,
// on one connection, to fetch them all: at once (warm), and after the server
// was stopped and started (cold).
func Fetch(ctx context.Context, cfg FetchConfig) (*Report, error) {
	cfg = cfg.withDefaults()
	report := &Report{Workload: fmt.Sprintf("fetch %d × %d", cfg.Documents, cfg.Changes), Seed: cfg.Seed}
	histories, err := library(ctx, cfg.Run, cfg.Server.URL(), cfg.Documents, cfg.Changes)
	if err != nil {
		return nil, fmt.Errorf("fetch: push: %w", err)
	}
	if err := cfg.measure(ctx, report, "warm", histories); err != nil {
		return nil, err
	}
	if err := sleep(ctx, cfg.Rest); err != nil {
		return nil, err
	}
	if err := restart(ctx, cfg.Server, cfg.Server.Stop); err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	return report, cfg.measure(ctx, report, "cold", histories)
}

func (cfg FetchConfig) measure(ctx context.Context, report *Report, name string, histories []*history) error {
	ctx, cs := newClients(ctx, cfg.Run)
	defer cs.close()
	began := now()
	lost, err := cs.fetch(ctx, cfg.Server.URL(), histories)
	took := now() - began
	if err == nil && lost > 0 {
		err = fmt.Errorf("%w: %d of %d documents are not there", ErrStalled, lost, len(histories))
	}
	if err != nil {
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	cfg.say("  fetch %s: %.2f s", name, took.Seconds())
	report.add(name, took.Seconds(), "s")
	return nil
}

// restart ends a server in one way or another and starts it again.
func restart(ctx context.Context, s Server, end func() error) error {
	if err := end(); err != nil {
		return err
	}
	return s.Start(ctx)
}
