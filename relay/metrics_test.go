package relay_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// TestMetricsKeepToConventions checks what a scrape gets, once every metric
// has a value.
func TestMetricsKeepToConventions(t *testing.T) {
	w := begin(t, nil)
	w.couple()
	w.dial().write([]byte{0xf6})
	w.log.await(t, "a peer has gone")
	_, page := w.get("/metrics")
	problems, err := promlint.New(strings.NewReader(page)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, metric := range []string{
		"godwit_connections_open 2", "godwit_connections_opened_total 3",
		`godwit_connections_closed_total{reason="no_type"} 1`,
		"godwit_documents_open 1", "godwit_changes_stored_total 3", "godwit_append_duration_seconds_count 3",
		"godwit_store_sequence 3", "godwit_store_batches_total 3", "godwit_store_commit_duration_seconds_count 3",
		"godwit_store_disk_free_bytes -1",
	} {
		if name, _, _ := strings.Cut(metric, " "); !strings.Contains(page, metric+"\n") {
			t.Errorf("want %s, got %v", metric, w.metric(name))
		}
	}
}

// TestProbesShareACheck: a probe costs no commit if another has just asked.
func TestProbesShareACheck(t *testing.T) {
	w := begin(t, nil)
	for range 50 {
		if status, body := w.get("/healthz"); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	if commits := w.store.Stats().Transactions; commits > 10 {
		t.Errorf("50 probes cost %d commits", commits)
	}
}

// TestHealthOfAClosedStore has nothing to do with the network.
func TestHealthOfAClosedStore(t *testing.T) {
	w := begin(t, nil)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	if status, body := w.get("/healthz"); status != http.StatusServiceUnavailable || body != "unhealthy: closed\n" {
		t.Errorf("%d %q", status, body)
	}
	p := w.join("alice")
	p.sync(docid.New(), []byte{0x42, 0, 0, 0, 0})
	p.ended()
	w.log.await(t, "a peer has gone", "reason=store", p.local)
}
