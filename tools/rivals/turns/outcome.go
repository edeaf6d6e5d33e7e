package turns

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/godwit-sync/godwit/internal/load"
)

// Outcome is what a contender prints as JSON when it has done a task.
type Outcome struct {
	Figures map[string]float64 `json:"figures"` // seconds, bytes, or how many
	Sum     string             `json:"sum"`     // of what it has in the end; see [Sum]
}

// Sum is the SHA-256 of a text, in hexadecimal.
func Sum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Timed adds how many seconds something took.
func Timed(before []float64, run func() error) ([]float64, error) {
	began := time.Now()
	err := run()
	return append(before, time.Since(began).Seconds()), err
}

// Middle is the median, as measure.mjs has it. It sorts the values.
func Middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// Memory is this process's own, in bytes, after everything has been collected.
func Memory() (float64, error) {
	debug.FreeOSMemory()
	debug.FreeOSMemory() // what the first made unreachable by finalizers
	bytes, err := load.Anonymous(os.Getpid())
	return float64(bytes), err
}
