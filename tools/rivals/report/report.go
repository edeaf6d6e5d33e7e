// Package report is what the commands in tools/rivals say alike: what was
// measured, and on which machine.
package report

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Machine names the processors, the system and the Go version.
func Machine() string {
	return fmt.Sprintf("%d × %s, Linux %s, %s", runtime.NumCPU(),
		firstLine("/proc/cpuinfo", "model name"), firstLine("/proc/sys/kernel/osrelease", ""), runtime.Version())
}

// LoadAverage is how many were computing in the last minute.
func LoadAverage() string {
	average, _, _ := strings.Cut(firstLine("/proc/loadavg", ""), " ")
	return average
}

// firstLine returns a file's first line that begins so, after its colon.
func firstLine(path, prefix string) string {
	file, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer file.Close() //nolint:errcheck // it was only read
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := lines.Text(); prefix == "" {
			return line
		} else if name, value, ok := strings.Cut(line, ":"); ok && strings.HasPrefix(name, prefix) {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// Commit names the commit that is measured.
func Commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// ErrModules means that npm's packages are not there.
var ErrModules = errors.New("its modules are not installed; run: npm ci --prefix tools/rivals")

// Module returns the version of an npm package that is installed below dir, and
// Node's.
func Module(ctx context.Context, dir, name string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "node_modules", name, "package.json"))
	if err != nil {
		return "", ErrModules
	}
	var module struct{ Version string }
	if err := json.Unmarshal(raw, &module); err != nil {
		return "", fmt.Errorf("package.json of %s: %w", name, err)
	}
	node, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("node: %w", err)
	}
	return module.Version + " on Node " + strings.TrimSpace(string(node)), nil
}

// Median of ascending values.
func Median(values []float64) float64 {
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

// WriteJSON writes results to a file, one per line; no path, no file.
func WriteJSON[T any](path string, results []T) error {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(file)
	for _, result := range results {
		err = errors.Join(err, encoder.Encode(result))
	}
	return errors.Join(err, file.Close())
}
