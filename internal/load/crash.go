package load

import (
	"context"
	"fmt"
)

// CrashConfig says how to count what survives a crash.
type CrashConfig struct {
	Run
	Server    Server
	Documents int // 0 = 500
	Changes   int // in each; 0 = 10
}

// Crash pushes documents, kills the server as soon as it has named the heads of
// the last of them, starts it again, and counts the documents that are there
// with every change.
func Crash(ctx context.Context, cfg CrashConfig) (*Report, error) {
	if cfg.Documents == 0 {
		cfg.Documents = 500
	}
	if cfg.Changes == 0 {
		cfg.Changes = 10
	}
	histories, err := library(ctx, cfg.Run, cfg.Server.URL(), cfg.Documents, cfg.Changes)
	if err != nil {
		return nil, fmt.Errorf("crash: push: %w", err)
	}
	if err := restart(ctx, cfg.Server, cfg.Server.Kill); err != nil {
		return nil, fmt.Errorf("crash: %w", err)
	}
	ctx, cs := newClients(ctx, cfg.Run)
	defer cs.close()
	lost, err := cs.fetch(ctx, cfg.Server.URL(), histories)
	if err != nil {
		return nil, fmt.Errorf("crash: fetch: %w", err)
	}
	cfg.say("  %d of %d documents left", cfg.Documents-lost, cfg.Documents)
	report := &Report{Workload: fmt.Sprintf("crash %d", cfg.Documents), Seed: cfg.Seed}
	report.add("documents left", float64(cfg.Documents-lost), "")
	return report, nil
}
