package relay_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/internal/wire"
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

// TestMetricsOfCollections: an operator sees how many collections travel, whether
// peers keep up, and what the relay doesn't take.
func TestMetricsOfCollections(t *testing.T) {
	w := begin(t, nil)
	ann, bob := w.follower("ann"), w.follower("bob")
	made := replicatest.NewClient("ann").Edit()
	good, bad := docid.RecordFor("staff", "good"), docid.RecordFor("staff", "bad")
	never := []change.Hash{{1}}
	ann.send(wire.Offer{Subscription: 1, Collection: "staff"})
	ann.next() // which subscribes
	ann.send(wire.Page{Subscription: 1, Number: 1, Documents: []wire.Announced{
		{Document: good, Heads: []change.Hash{made.Hash}, Changes: made.Bytes()}, {Document: bad, Heads: never},
	}})
	ann.next() // which wants the bad one
	ann.send(wire.Page{Subscription: 1, Documents: []wire.Announced{{Document: bad, Heads: never}}})
	if answer, ok := ann.next().(wire.Answer); !ok || len(answer.Refused) != 1 {
		t.Fatalf("the page is answered by %+v", answer)
	}
	bob.send(wire.Subscribe{Subscription: 1, Collection: "staff"})
	bob.next() // and doesn't answer
	for name, want := range map[string]float64{
		"godwit_collections_announced":                                1,
		"godwit_collections_followed":                                 1,
		"godwit_collection_pages_unanswered":                          1,
		"godwit_collection_documents_announced_total":                 1,
		`godwit_collection_documents_refused_total{reason="missing"}`: 1,
	} {
		w.eventually(name, func() bool { return w.metric(name) == want })
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
