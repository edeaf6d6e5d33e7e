package load_test

import (
	"math"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/internal/load"
)

// figures fails unless all of them are there and numbers of some size.
func figures(t *testing.T, r *load.Report, err error, names ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if v := r.Value(name); math.IsNaN(v) || v < 0 {
			t.Errorf("%s: %s is %v", r.Workload, name, v)
		}
	}
}

func TestPacedPeersConverge(t *testing.T) {
	report, err := load.Paced(t.Context(), load.PacedConfig{
		Run: load.Run{Seed: 1}, Server: newServer(t),
		Shape: load.Shape{Documents: 3, Peers: 4}, Rate: 400, During: 200 * time.Millisecond,
	})
	figures(t, report, err, "p50", "p99")
	if report.Value("p50") == 0 {
		t.Error("deliveries took no time: none was measured")
	}
}

func TestFetchedDocumentsAreWholeWarmAndCold(t *testing.T) {
	report, err := load.Fetch(t.Context(), load.FetchConfig{
		Server: newServer(t), Documents: 20, Changes: 7, Rest: time.Millisecond,
	})
	figures(t, report, err, "warm", "cold")
}

func TestAcknowledgedDocumentsAreLeft(t *testing.T) {
	report, err := load.Crash(t.Context(), load.CrashConfig{Server: newServer(t), Documents: 20})
	figures(t, report, err)
	if left := report.Value("documents left"); left != 20 {
		t.Errorf("%v documents left, want 20", left)
	}
}

func TestMissingDocumentsAreCounted(t *testing.T) {
	s := &forgetful{newServer(t)}
	report, err := load.Crash(t.Context(), load.CrashConfig{Server: s, Documents: 5})
	figures(t, report, err)
	if left := report.Value("documents left"); left != 0 {
		t.Errorf("%v documents left by a server that lost its store, want 0", left)
	}
}

func TestOthersEditDuringAHeavyPush(t *testing.T) {
	report, err := load.Heavy(t.Context(), load.HeavyConfig{
		Server: newServer(t), Shape: load.Shape{Documents: 2, Peers: 2}, Rate: 1000, Changes: 3000,
	})
	figures(t, report, err, "push", "others' p99")
}

func TestHistoryIsPushedAndFetched(t *testing.T) {
	report, err := load.History(t.Context(), load.HistoryConfig{Server: newServer(t), Changes: 5000})
	figures(t, report, err, "push", "fetch", "push, memory at most")
	if report.Value("push, memory at most") == 0 {
		t.Error("no memory was measured")
	}
}

func TestIdleConnectionsAreWeighed(t *testing.T) {
	_, err := load.Idle(t.Context(), load.IdleConfig{Server: newServer(t), Connections: 10, Settle: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
}
