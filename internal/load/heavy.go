package load

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// HeavyConfig says how to measure what a heavy document does to the others.
type HeavyConfig struct {
	Run
	Shape   Shape // of the others
	Server  Server
	Rate    float64 // edits per second of the others together; 0 = 500
	Changes int     // of the heavy document, a keystroke each; 0 = 100,000
}

// Heavy has one client push a long history in one message, while others edit,
// and reports their latencies from the push's beginning until the server has
// all of it.
func Heavy(ctx context.Context, cfg HeavyConfig) (*Report, error) {
	cfg.Shape = cfg.Shape.withDefaults()
	if cfg.Rate == 0 {
		cfg.Rate = 500
	}
	if cfg.Changes == 0 {
		cfg.Changes = 100_000
	}
	r := cfg.random()
	heavy, err := typedOut(typed(r, cfg.Changes-1))
	if err != nil {
		return nil, fmt.Errorf("heavy: %w", err)
	}
	ctx, c, err := board(ctx, cfg.Run, cfg.Server.URL(), cfg.Shape)
	if err != nil {
		return nil, fmt.Errorf("heavy: %w", err)
	}
	defer c.close()
	pacer := newPacer(r, c.editors())
	if _, err := pacer.pace(ctx, cfg.Rate, warmUp); err != nil {
		return nil, fmt.Errorf("heavy: %w", err)
	}
	took, err := c.pushMeanwhile(ctx, cfg, pacer, heavy)
	if err != nil {
		return nil, fmt.Errorf("heavy: %w", err)
	}
	others := summarise(c.meters())
	cfg.say("  %d changes in %.2f s; the others meanwhile: %d deliveries, p50 %.1f ms, p99 %.1f ms",
		cfg.Changes, took.Seconds(), others.Samples, milliseconds(others.P50), milliseconds(others.P99))
	report := &Report{Workload: fmt.Sprintf("heavy %d", cfg.Changes), Seed: cfg.Seed}
	report.add("push", took.Seconds(), "s")
	report.addLatency("others' ", others)
	report.add("driver woken late, p99", milliseconds(pacer.lateness()), "ms")
	return report, nil
}

// errPushed ends the others' edits.
var errPushed = errors.New("load: the heavy document has been pushed")

func (c *crew) pushMeanwhile(ctx context.Context, cfg HeavyConfig, pacer *pacer, heavy *history) (took time.Duration, err error) {
	editing, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.window.open()
	began := now()
	pushed := make(chan error, 1)
	go func() {
		err := c.push(ctx, cfg.Server.URL(), []*history{heavy})
		took = now() - began
		c.window.close()
		cancel(errPushed)
		pushed <- err
	}()
	_, err = pacer.pace(editing, cfg.Rate, never)
	if !errors.Is(err, errPushed) {
		c.fail(err)
	} else {
		err = nil
	}
	if err := errors.Join(err, <-pushed); err != nil {
		return 0, err
	}
	return took, c.settle(ctx)
}

// HistoryConfig says how to measure what a long history costs in memory.
type HistoryConfig struct {
	Run
	Server  Server
	Trace   string // file of an editing trace; empty = made-up keystrokes
	Changes int    // of made-up keystrokes; 0 = 260,000
}

// History has one client push a long history and another fetch it, and reports
// by how much the server's memory grew at most meanwhile.
func History(ctx context.Context, cfg HistoryConfig) (*Report, error) {
	if cfg.Changes == 0 {
		cfg.Changes = 260_000
	}
	h, err := cfg.history()
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	ctx, cs := newClients(ctx, cfg.Run)
	defer cs.close()
	report := &Report{Workload: fmt.Sprintf("history %d", h.authors[0].len()), Seed: cfg.Seed}
	err = cfg.watch(report, "push", func() error { return cs.push(ctx, cfg.Server.URL(), []*history{h}) })
	if err != nil {
		return nil, err
	}
	err = cfg.watch(report, "fetch", func() error {
		lost, err := cs.fetch(ctx, cfg.Server.URL(), []*history{h})
		if err == nil && lost > 0 {
			err = fmt.Errorf("%w: the document is not there", ErrStalled)
		}
		return err
	})
	return report, err
}

func (cfg HistoryConfig) history() (*history, error) {
	if cfg.Trace == "" {
		return typedOut(typed(cfg.random(), cfg.Changes-1))
	}
	strokes, err := ReadTrace(cfg.Trace)
	if err != nil {
		return nil, err
	}
	return typedOut(strokes)
}

// watch reports how long something takes and what memory the server needs.
func (cfg HistoryConfig) watch(report *Report, name string, do func() error) error {
	before, err := Anonymous(cfg.Server.PID())
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	peak := watchMemory(cfg.Server.PID())
	began := now()
	err = do()
	took := now() - began
	most := peak()
	if err != nil {
		return fmt.Errorf("history: %s: %w", name, err)
	}
	cfg.say("  %s: %.2f s, from %.0f MB up to %.0f MB", name, took.Seconds(), megabytes(before), megabytes(most))
	report.add(name, took.Seconds(), "s")
	report.add(name+", memory at most", megabytes(most), "MB")
	report.add(name+", memory more than before", megabytes(most-before), "MB")
	return nil
}

// watchMemory looks at a process's memory every few milliseconds until the
// returned function is called, which tells the most it saw.
func watchMemory(pid int) (peak func() int64) {
	stop, result := make(chan struct{}), make(chan int64)
	go func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		var most int64
		for {
			if bytes, err := Anonymous(pid); err == nil {
				most = max(most, bytes)
			}
			select {
			case <-ticker.C:
			case <-stop:
				result <- most
				return
			}
		}
	}()
	return func() int64 { close(stop); return <-result }
}
