package interop_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience bounds how long a story waits for a condition before it fails. It
// decides nothing else: no test waits for time to pass.
const patience = 60 * time.Second

const (
	serverVariable   = "GODWIT_INTEROP_SERVER" // "js" for server.mjs; the relay otherwise
	requiredVariable = "GODWIT_INTEROP"        // "required": fail where the tests would skip
)

// tools are what every story needs, prepared by the first one.
type tools struct {
	relay string // path of the built relay
	err   error
}

var (
	binaries string // a temporary directory for what the tests build
	prepare  = sync.OnceValue(func() tools { return buildTools(binaries) })
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "godwit-interop-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binaries = dir
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func againstJS() bool { return os.Getenv(serverVariable) == "js" }

// requireClients skips the test, or fails it where skipping isn't allowed, if
// the JavaScript clients aren't there.
func requireClients(t *testing.T) {
	t.Helper()
	reason := missingClients()
	if reason == "" {
		return
	}
	if os.Getenv("CI") == "true" || os.Getenv(requiredVariable) == "required" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

func missingClients() string {
	if _, err := exec.LookPath("node"); err != nil {
		return "the JavaScript clients need Node: " + err.Error()
	}
	for _, dir := range []string{"node_modules", filepath.Join("v1", "node_modules")} {
		if _, err := os.Stat(dir); err != nil {
			return `the JavaScript clients are not installed: run "npm ci" in internal/interop`
		}
	}
	return ""
}

// requireRelay skips stories that the JavaScript server is known not to survive.
func requireRelay(t *testing.T, reason string) {
	t.Helper()
	if againstJS() {
		t.Skip("not with the JavaScript server: " + reason)
	}
}

func buildTools(dir string) tools {
	built := tools{relay: filepath.Join(dir, "godwit-relay")}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "build", "-o", built.relay, "github.com/godwit-sync/godwit/cmd/godwit-relay")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		built.err = fmt.Errorf("build the relay: %w\n%s", err, out)
	}
	return built
}
