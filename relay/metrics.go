package relay

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const namespace = "godwit"

// counters are what the hub reports, for Prometheus and for the status page.
// Every label's values come from a fixed set of words of our own, never from a
// peer.
type counters struct {
	connected, changes, changeBytes, delivered prometheus.Counter
	ended, rejected, refused, dropped, failed  *prometheus.CounterVec
	received, receivedBytes, sent, sentBytes   *prometheus.CounterVec
	announced                                  prometheus.Counter
	notTaken                                   *prometheus.CounterVec
	appending                                  prometheus.Histogram

	// The same again where the status page wants it.
	nowDelivered, nowRefused atomic.Int64
}

func newCounters(registry *prometheus.Registry) *counters {
	m := maker{registry}
	return &counters{
		connected: m.counter("connections_opened_total", "Connections that became WebSockets."),
		ended:     m.vector("connections_closed_total", "reason", "Connections that ended, by reason."),
		rejected:  m.vector("connections_rejected_total", "reason", "Requests that failed to become WebSockets, by reason."),

		received:      m.vector("received_messages_total", "type", "Messages received, by type."),
		receivedBytes: m.vector("received_bytes_total", "type", "Bytes of the messages received, by type."),
		sent:          m.vector("sent_messages_total", "type", "Messages sent, by type."),
		sentBytes:     m.vector("sent_bytes_total", "type", "Bytes of the messages sent, by type."),

		changes:     m.counter("changes_stored_total", "Changes made durable."),
		changeBytes: m.counter("changes_stored_bytes_total", "Bytes of the changes made durable."),
		delivered:   m.counter("changes_delivered_total", "Changes sent, counted once for each peer that they went to."),
		refused:     m.vector("changes_refused_total", "reason", "Changes refused for good, by the rule they break."),
		dropped:     m.vector("ephemeral_dropped_total", "reason", "Ephemeral messages not passed on, by reason."),
		failed:      m.vector("document_failures_total", "operation", "Documents that could not be stored or read."),
		announced:   m.counter("collection_documents_announced_total", "Documents named to whoever listens to their collection, counted once for each page."),
		notTaken:    m.vector("collection_documents_refused_total", "reason", "Documents that peers announced and that were not taken, or not all of them, by reason."),
		appending:   m.histogram("append_duration_seconds", "Time from handing changes to the store until they are durable."),
	}
}

func (c *counters) Connected()                 { c.connected.Inc() }
func (c *counters) Disconnected(reason string) { c.ended.WithLabelValues(reason).Inc() }
func (c *counters) Dropped(reason string)      { c.dropped.WithLabelValues(reason).Inc() }
func (c *counters) Announced(documents int)    { c.announced.Add(float64(documents)) }
func (c *counters) NotTaken(reason string)     { c.notTaken.WithLabelValues(reason).Inc() }

func (c *counters) Failed(operation string, _ error) {
	c.failed.WithLabelValues(operation).Inc()
}

func (c *counters) Received(kind string, bytes int) {
	c.received.WithLabelValues(kind).Inc()
	c.receivedBytes.WithLabelValues(kind).Add(float64(bytes))
}

func (c *counters) Sent(kind string, bytes int) {
	c.sent.WithLabelValues(kind).Inc()
	c.sentBytes.WithLabelValues(kind).Add(float64(bytes))
}

func (c *counters) Delivered(changes int) {
	c.delivered.Add(float64(changes))
	c.nowDelivered.Add(int64(changes))
}

func (c *counters) Refused(reason string) {
	c.refused.WithLabelValues(reason).Inc()
	c.nowRefused.Add(1)
}

func (c *counters) Appended(changes, bytes int, took time.Duration) {
	c.changes.Add(float64(changes))
	c.changeBytes.Add(float64(bytes))
	c.appending.Observe(took.Seconds())
}

// maker makes metrics and registers them.
type maker struct{ registry *prometheus.Registry }

func (m maker) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
	m.registry.MustRegister(c)
	return c
}

func (m maker) vector(name, label, help string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, []string{label})
	m.registry.MustRegister(c)
	return c
}

// histogram makes one from 100 µs to 13 s, each bucket twice the one before.
func (m maker) histogram(name, help string) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: name, Help: help,
		Buckets: prometheus.ExponentialBuckets(100e-6, 2, 18),
	})
	m.registry.MustRegister(h)
	return h
}
