package load

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Run is what all workloads share.
type Run struct {
	Seed     uint64    // the same seed makes the same documents and turns
	Progress io.Writer // gets a line now and then; nil = silent
	// Patience is how long nothing at all may happen before a workload fails
	// with ErrStalled; 0 = 20 s.
	Patience time.Duration
}

func (r Run) patience() time.Duration { return cmp.Or(r.Patience, 20*time.Second) }

func (r Run) random() *rand.Rand { return rand.New(rand.NewPCG(r.Seed, 0x676f64776974)) }

func (r Run) say(format string, args ...any) {
	if r.Progress != nil {
		_, _ = fmt.Fprintf(r.Progress, format+"\n", args...) // nobody to tell if it fails
	}
}

// warmUp is the part of a run before it is measured.
const warmUp = 500 * time.Millisecond

// party is what can be made to edit and measured: a crew, or the clients of an
// echo server.
type party interface {
	editors() []func() error
	meters() []*meter
	settle(ctx context.Context) error
	measured() *window
	close()
}

// outcome is what became of an offered load.
type outcome struct {
	offered    float64 // deliveries per second that the edits made call for
	driven     bool    // the driver made as many edits as it was to
	deliveries float64 // per second that were
	latency    Latency
	late       time.Duration // how late the machine woke the driver, 99th percentile
	server     time.Duration // of processor time per delivery
	driver     time.Duration // likewise
}

func (o outcome) addWork(report *Report) {
	report.add("driver woken late, p99", milliseconds(o.late), "ms")
	report.add("server's work per delivery", microseconds(o.server), "µs")
	report.add("driver's work per delivery", microseconds(o.driver), "µs")
}

// offer makes a party edit at a rate, waits until everything has arrived
// everywhere, and returns what was measured after the warm-up.
func offer(ctx context.Context, p party, r *rand.Rand, pid int, rate float64, receivers int, during time.Duration) (outcome, error) {
	began, err := readWork(pid)
	if err != nil {
		return outcome{}, err
	}
	pacer := newPacer(r, p.editors())
	edits, made, err := perform(ctx, p, pacer, rate, during)
	if err != nil {
		return outcome{}, err
	}
	ended, err := readWork(pid)
	if err != nil {
		return outcome{}, err
	}
	arrived := 0
	for _, m := range p.meters() {
		arrived += m.arrived
	}
	total := time.Duration(max(edits*receivers, 1))
	return outcome{
		offered:    float64(made*receivers) / p.measured().length().Seconds(),
		driven:     float64(made) >= 0.95*rate*during.Seconds(),
		deliveries: float64(arrived) / p.measured().length().Seconds(),
		latency:    summarise(p.meters()),
		late:       pacer.lateness(),
		server:     (ended.server - began.server) / total,
		driver:     (ended.driver - began.driver) / total,
	}, nil
}

// perform returns how many edits were made, all of which have arrived, and how
// many of them in the time that was measured.
func perform(ctx context.Context, p party, pacer *pacer, rate float64, during time.Duration) (edits, made int, err error) {
	if edits, err = pacer.pace(ctx, rate, warmUp); err != nil {
		return edits, 0, err
	}
	p.measured().open()
	made, err = pacer.pace(ctx, rate, during)
	p.measured().close()
	if err != nil {
		return edits, made, err
	}
	return edits + made, made, p.settle(ctx)
}

// work is the processor time of both sides so far.
type work struct{ server, driver time.Duration }

// readWork reads both; a server within this process has pid 0 and no work of
// its own.
func readWork(pid int) (w work, err error) {
	if pid != 0 {
		w.server, err = processorTime(pid)
	}
	w.driver = ownProcessorTime()
	return w, err
}
