package turns

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/godwit-sync/godwit/internal/load"
)

// Outcome is what a contender prints as JSON when it has done a task.
type Outcome struct {
	Figures Figures `json:"figures"`
	Sum     string  `json:"sum"` // of what it has in the end; see [Sum]
}

// Figures are what was measured, by name: seconds, bytes, or how many.
type Figures map[string]float64

// Time measures how long something takes.
func (f Figures) Time(name string, run func() error) error {
	took, err := Timed(nil, run)
	f[name] = took[0]
	return err
}

// Tell prints the outcome of a task, after which there is this text.
func (f Figures) Tell(text string) error {
	return json.NewEncoder(os.Stdout).Encode(Outcome{Figures: f, Sum: Sum(text)})
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
