package main_test

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var (
	binaries string // a temporary directory
	binary   = sync.OnceValues(build)
)

func TestMain(m *testing.M) {
	var err error
	if binaries, err = os.MkdirTemp("", "godwit-editor-"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(binaries)
		os.Exit(code)
	}))
}

func build() (string, error) {
	path := filepath.Join(binaries, "editor")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the editor: %w\n%s", err, out)
	}
	return path, nil
}

// TestStories runs what people do with the editor, in Chromium. Each file of
// web/e2e has some stories.
func TestStories(t *testing.T) {
	browser := requireBrowser(t)
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	screenshots := filepath.Join(os.Getenv("GODWIT_ARTIFACTS"), "editor")
	if os.Getenv("GODWIT_ARTIFACTS") == "" {
		screenshots = t.TempDir()
	}
	t.Logf("screenshots are in %s", screenshots)
	files, err := filepath.Glob("web/e2e/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".test.mjs"), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", file)
			cmd.Env = append(os.Environ(), "EDITOR_BINARY="+path, "EDITOR_SCREENSHOTS="+screenshots, "CHROMIUM="+browser)
			out, err := cmd.CombinedOutput()
			if t.Logf("%s", out); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// requireBrowser returns Chromium's path. It skips the test, or fails it where
// skipping isn't allowed, if what drives the page isn't there.
func requireBrowser(t *testing.T) string {
	t.Helper()
	_, noPackages := os.Stat("web/node_modules")
	_, noNode := exec.LookPath("node")
	path, noBrowser := exec.LookPath(cmp.Or(os.Getenv("CHROMIUM"), "chromium"))
	if err := errors.Join(noPackages, noNode, noBrowser); err != nil {
		reason := fmt.Sprintf(`the stories need Node, Chromium, and "npm ci" in examples/editor/web: %v`, err)
		if os.Getenv("CI") == "true" || os.Getenv("GODWIT_INTEROP") == "required" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	return path
}

// start starts the program on a free port; it is stopped, and must say that all
// went well, when the test ends.
func start(t *testing.T) (base string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--listen=127.0.0.1:0", "--data="+t.TempDir())
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, stdout)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program ended with %v", err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`http://\S+`).FindString(line)
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body := io.Reader(resp.Body)
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

// TestThePageIsServedSoThatNewBuildsArrive: what has a hash in its name may be
// kept for ever, the rest is asked for again.
func TestThePageIsServedSoThatNewBuildsArrive(t *testing.T) {
	base := start(t)
	resp, page := get(t, base+"/")
	if got := resp.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("the page: %s", got)
	}
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("the page's policy: %s", policy)
	}
	resp, worker := get(t, base+"/sw.js")
	if got := resp.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("the service worker: %s", got)
	}
	assets := regexp.MustCompile(`assets/[\w.-]+`).FindAllString(page, -1)
	wasm := regexp.MustCompile(`assets/automerge-[\w-]+\.wasm`).FindString(worker)
	if len(assets) == 0 || wasm == "" {
		t.Fatalf("the page names %v, the service worker %q", assets, wasm)
	}
	for _, name := range append(assets, wasm) {
		resp, _ := get(t, base+"/"+name)
		if got := resp.Header.Get("Cache-Control"); resp.StatusCode != http.StatusOK || !strings.Contains(got, "immutable") {
			t.Errorf("%s: %s, %s", name, resp.Status, got)
		}
		if !strings.Contains(worker, name) {
			t.Errorf("the service worker doesn't keep %s", name)
		}
	}
	if resp, _ := get(t, base+"/"+wasm); resp.Header.Get("Content-Type") != "application/wasm" {
		t.Errorf("the WebAssembly is %s", resp.Header.Get("Content-Type"))
	}
	if resp, _ := get(t, base+"/assets/of-another-build.js"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a file of another build: %s", resp.Status)
	}
	if _, status := get(t, base+"/sync/"); !strings.Contains(status, "godwit") {
		t.Errorf("no relay at /sync/: %s", status)
	}
}

func TestItStaysOnThisMachine(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, "--listen=0.0.0.0:0", "--data="+t.TempDir()).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(string(out), "no access control") {
		t.Errorf("it listens everywhere: %v, %s", err, out)
	}
}
