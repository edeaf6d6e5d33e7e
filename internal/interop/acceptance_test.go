package interop_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// unfit are the cases of automerge-repo's network-adapter tests that are left
// out. The reasons are in acceptance/unfit.mjs, which this list must match.
var unfit = []string{
	"emits a peer-candidate event with proper peer metadata when a peer connects",
	"should emit disconnect events on disconnect",
	"should not send messages after disconnect",
}

// upstream are those that must pass.
var upstream = []string{
	"can broadcast a message",
	"can sync 2 repos",
	"can sync 3 repos",
	"should support reconnecting after disconnect",
}

// TestUpstreamAcceptance runs the tests that automerge-repo's authors wrote for
// adapters and for their sync server, with vitest, against the relay.
func TestUpstreamAcceptance(t *testing.T) {
	t.Parallel()
	requireRelay(t, "it now and then leaves a client without a document that is just being created")
	relay := startRelay(t)
	report := runVitest(t, relay)

	var passed, skipped []string
	for _, file := range report.Files {
		for _, test := range file.Tests {
			switch test.Status {
			case "passed":
				passed = append(passed, test.Title)
			case "skipped":
				skipped = append(skipped, test.Title)
			default:
				t.Errorf("%s: %s: %v", test.Title, test.Status, test.Failures)
			}
		}
	}
	slices.Sort(skipped)
	equal(t, "cases left out", skipped, unfit)
	for _, name := range upstream {
		if !slices.Contains(passed, name) {
			t.Errorf("%q did not run", name)
		}
	}
	relay.running()
}

// vitestReport is what of vitest's JSON report is read here.
type vitestReport struct {
	Files []struct {
		Name  string `json:"name"`
		Tests []struct {
			Title    string   `json:"title"`
			Status   string   `json:"status"`
			Failures []string `json:"failureMessages"`
		} `json:"assertionResults"`
	} `json:"testResults"`
}

func runVitest(t *testing.T, r *relay) vitestReport {
	t.Helper()
	out := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("node_modules", "vitest", "vitest.mjs"),
		"run", "--reporter=json", "--outputFile="+out)
	cmd.Env = append(os.Environ(), "GODWIT_INTEROP_ADDRESS="+r.addr, "NO_COLOR=1")
	output, runErr := cmd.CombinedOutput()
	encoded, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("vitest: %v: %s", runErr, output)
	}
	var report vitestReport
	if err := json.Unmarshal(encoded, &report); err != nil {
		t.Fatalf("vitest's report: %v", err)
	}
	if len(report.Files) != 3 {
		t.Errorf("vitest ran %d files, want 3: %v: %s", len(report.Files), runErr, output)
	}
	return report
}
