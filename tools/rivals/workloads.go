package main

import (
	"context"
	"time"

	"github.com/godwit-sync/godwit/internal/load"
)

// workload is one row group of the table.
type workload struct {
	name    string
	ceiling bool // the echo server can do it, too
	once    bool // in the first round only
	run     func(ctx context.Context, run load.Run, s load.Server) (*load.Report, error)
}

// sizes of the workloads.
type sizes struct {
	step                       time.Duration
	refine, paced, idle, fetch int
	settle                     time.Duration
	crash, heavy, history      int
}

var (
	fullSizes  = sizes{step: 2 * time.Second, refine: 3, paced: 6, idle: 1000, settle: 15 * time.Second, fetch: 2000, crash: 500, heavy: 100_000, history: 260_000}
	quickSizes = sizes{step: time.Second, refine: 2, paced: 3, idle: 300, settle: 2 * time.Second, fetch: 500, crash: 200, heavy: 20_000, history: 20_000}
)

func workloads(o options) []workload {
	size := fullSizes
	if o.Quick {
		size = quickSizes
	}
	if o.idle > 0 {
		size.idle = o.idle
	}
	return []workload{
		{name: "sustained 100x2", ceiling: true, run: size.sustained(100, 2)},
		{name: "sustained 10x10", ceiling: true, run: size.sustained(10, 10)},
		{name: "paced", run: func(ctx context.Context, run load.Run, s load.Server) (*load.Report, error) {
			return load.Paced(ctx, load.PacedConfig{Run: run, Server: s, During: time.Duration(size.paced) * time.Second})
		}},
		{name: "idle", run: func(ctx context.Context, run load.Run, s load.Server) (*load.Report, error) {
			return load.Idle(ctx, load.IdleConfig{Run: run, Server: s, Connections: size.idle, Settle: size.settle})
		}},
		{name: "fetch", run: func(ctx context.Context, run load.Run, s load.Server) (*load.Report, error) {
			return load.Fetch(ctx, load.FetchConfig{Run: run, Server: s, Documents: size.fetch})
		}},
		{name: "crash", run: func(ctx context.Context, run load.Run, s load.Server) (*load.Report, error) {
			return load.Crash(ctx, load.CrashConfig{Run: run, Server: s, Documents: size.crash})
		}},
		{name: "heavy", run: func(ctx context.Context, run load.Run, s load.Server) (*load.Report, error) {
			return load.Heavy(ctx, load.HeavyConfig{Run: run, Server: s, Changes: size.heavy})
		}},
		{name: "history", once: true, run: func(ctx context.Context, run load.Run, s load.Server) (*load.Report, error) {
			return load.History(ctx, load.HistoryConfig{Run: run, Server: s, Trace: o.trace, Changes: size.history})
		}},
	}
}

func (size sizes) sustained(documents, peers int) func(context.Context, load.Run, load.Server) (*load.Report, error) {
	return func(ctx context.Context, run load.Run, s load.Server) (*load.Report, error) {
		cfg := load.SustainedConfig{
			Run: run, Server: s, Shape: load.Shape{Documents: documents, Peers: peers},
			Step: size.step, Refine: size.refine,
		}
		if running, ok := s.(server); ok && running.kind.ceiling {
			return load.Ceiling(ctx, cfg)
		}
		return load.Sustained(ctx, cfg)
	}
}
