package relay

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// counters are what the hub reports, for Prometheus.
type counters struct {
	connections prometheus.Counter
	endings     *prometheus.CounterVec
	received    *prometheus.CounterVec
	receivedB   *prometheus.CounterVec
	sent        *prometheus.CounterVec
	sentB       *prometheus.CounterVec
	refused     *prometheus.CounterVec
	dropped     *prometheus.CounterVec
	changes     prometheus.Counter
	changeBytes prometheus.Counter
	failures    *prometheus.CounterVec
}

func newCounters(registry *prometheus.Registry) *counters {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: "godwit", Name: name, Help: help})
		registry.MustRegister(c)
		return c
	}
	vector := func(name, label, help string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "godwit", Name: name, Help: help}, []string{label})
		registry.MustRegister(c)
		return c
	}
	return &counters{
		connections: counter("connections_total", "Connections accepted."),
		endings:     vector("disconnections_total", "reason", "Connections ended, by reason."),
		received:    vector("received_messages_total", "type", "Messages received, by type."),
		receivedB:   vector("received_bytes_total", "type", "Bytes of the messages received, by type."),
		sent:        vector("sent_messages_total", "type", "Messages sent, by type."),
		sentB:       vector("sent_bytes_total", "type", "Bytes of the messages sent, by type."),
		refused:     vector("refused_changes_total", "reason", "Changes refused for good, by the rule they break."),
		dropped:     vector("dropped_ephemeral_total", "reason", "Ephemeral messages not passed on, by reason."),
		changes:     counter("changes_total", "Changes made durable."),
		changeBytes: counter("change_bytes_total", "Bytes of the changes made durable."),
		failures:    vector("failures_total", "operation", "Documents that could not be stored or read."),
	}
}

func (c *counters) Connected()                 { c.connections.Inc() }
func (c *counters) Disconnected(reason string) { c.endings.WithLabelValues(reason).Inc() }
func (c *counters) Refused(reason string)      { c.refused.WithLabelValues(reason).Inc() }
func (c *counters) Dropped(reason string)      { c.dropped.WithLabelValues(reason).Inc() }
func (c *counters) Failed(what string, _ error) {
	c.failures.WithLabelValues(what).Inc()
}

func (c *counters) Received(kind string, bytes int) {
	c.received.WithLabelValues(kind).Inc()
	c.receivedB.WithLabelValues(kind).Add(float64(bytes))
}

func (c *counters) Sent(kind string, bytes int) {
	c.sent.WithLabelValues(kind).Inc()
	c.sentB.WithLabelValues(kind).Add(float64(bytes))
}

func (c *counters) Appended(changes, bytes int) {
	c.changes.Add(float64(changes))
	c.changeBytes.Add(float64(bytes))
}

// registerGauges adds what is read off at the moment of asking.
func (r *Relay) registerGauges() {
	gauge := func(name, help string, read func() float64) {
		r.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "godwit", Name: name, Help: help}, read))
	}
	gauge("connections", "Connections open.", func() float64 { return float64(r.hub.Stats().Sessions) })
	gauge("documents_in_use", "Documents in memory or talked about.", func() float64 { return float64(r.hub.Stats().Documents) })
	gauge("graph_bytes", "Memory of the documents in use, estimated.", func() float64 { return float64(r.hub.Stats().Bytes) })
	gauge("frame_bytes", "Memory of incoming frames.", func() float64 { return float64(r.budget.InUse()) })
	gauge("journal_sequence", "The store's newest sequence number.", func() float64 { return float64(r.config.Store.LastSeq()) })
	gauge("store_free_bytes", "Free disk space where the store is; -1 if unknown.", func() float64 { return float64(r.config.Store.Stats().DiskFree) })
	gauge("store_size_bytes", "Size of the store's tables.", func() float64 { return float64(r.config.Store.Stats().Size) })
	gauge("store_commits", "Durable commits since the store was opened.", func() float64 { return float64(r.config.Store.Stats().Transactions) })
	r.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}
