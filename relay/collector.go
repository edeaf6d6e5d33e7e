package relay

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/storage"
)

// reading is what the parts of a relay say of themselves at one moment.
type reading struct {
	hub    hub.Stats
	store  storage.Stats
	frames int64
}

func (r *Relay) read() reading {
	return reading{hub: r.hub.Stats(), store: r.config.Store.Stats(), frames: r.budget.InUse()}
}

// figure is one metric that is read off when somebody asks.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*reading) float64
}

// collector asks each part once per scrape.
type collector struct {
	read    func() reading
	figures []figure
	commits *prometheus.Desc
}

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+"_"+name, help, nil, nil)
}

func newCollector(read func() reading) *collector {
	c := &collector{
		read:    read,
		commits: describe("store_commit_duration_seconds", "Durable commits of the store, and the time spent in them."),
	}
	gauge := func(name, help string, of func(*reading) float64) {
		c.figures = append(c.figures, figure{describe(name, help), prometheus.GaugeValue, of})
	}
	counter := func(name, help string, of func(*reading) float64) {
		c.figures = append(c.figures, figure{describe(name, help), prometheus.CounterValue, of})
	}
	gauge("connections_open", "Connections open now.", func(r *reading) float64 { return float64(r.hub.Sessions) })
	gauge("documents_open", "Documents in memory, or open on a connection.", func(r *reading) float64 { return float64(r.hub.Documents) })
	gauge("documents_memory_bytes", "Memory of the open documents, estimated.", func(r *reading) float64 { return float64(r.hub.Bytes) })
	gauge("frames_memory_bytes", "Memory of incoming frames.", func(r *reading) float64 { return float64(r.frames) })
	gauge("collections_announced", "Subscriptions in which the relay announces a collection to a peer.", func(r *reading) float64 { return float64(r.hub.Announcing) })
	gauge("collections_followed", "Subscriptions in which the relay listens to a peer's collection.", func(r *reading) float64 { return float64(r.hub.Listening) })
	gauge("collection_pages_unanswered", "Pages of collections that were sent and not answered yet.", func(r *reading) float64 { return float64(r.hub.Pages) })

	gauge("store_sequence", "The store's newest sequence number.", func(r *reading) float64 { return float64(r.store.Last) })
	gauge("store_size_bytes", "Size of the store's tables.", func(r *reading) float64 { return float64(r.store.Size) })
	gauge("store_disk_free_bytes", "Free disk space where the store is; -1 if unknown.", func(r *reading) float64 { return float64(r.store.DiskFree) })
	gauge("store_queued_batches", "Batches that wait for the next commit.", func(r *reading) float64 { return float64(r.store.Waiting) })
	gauge("store_largest_group_batches", "Most batches that one commit has carried.", func(r *reading) float64 { return float64(r.store.LargestGroup) })
	counter("store_batches_total", "Batches made durable; divided by the commits, the size of a group.", func(r *reading) float64 { return float64(r.store.Batches) })
	counter("store_staged_bytes_total", "Bytes written ahead of the commits that they were too large for.", func(r *reading) float64 { return float64(r.store.Staged) })
	counter("store_refused_writes_total", "Writes refused because the disk is nearly full.", func(r *reading) float64 { return float64(r.store.Refused) })
	return c
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	to <- c.commits
	for _, f := range c.figures {
		to <- f.desc
	}
}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(to chan<- prometheus.Metric) {
	now := c.read()
	for _, f := range c.figures {
		to <- prometheus.MustNewConstMetric(f.desc, f.kind, f.of(&now))
	}
	to <- prometheus.MustNewConstSummary(c.commits, uint64(now.store.Transactions), now.store.CommitTime.Seconds(), nil)
}

func (r *Relay) registerGauges() {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the labels tell what runs.",
		ConstLabels: prometheus.Labels{"version": Version(), "go_version": runtime.Version()},
	})
	build.Set(1)
	r.registry.MustRegister(build, newCollector(r.read),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}
