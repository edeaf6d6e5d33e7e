package load

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
)

// Figure is one measured quantity.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"` // "/s", "ms", "KB", "MB", "s", "" for a count
}

// Report is what a workload measured. It exists only if everything arrived.
type Report struct {
	Workload string   `json:"workload"`
	Seed     uint64   `json:"seed"`
	Figures  []Figure `json:"figures"`
}

func (r *Report) add(name string, value float64, unit string) {
	r.Figures = append(r.Figures, Figure{name, value, unit})
}

func (r *Report) addLatency(prefix string, l Latency) {
	r.add(prefix+"p50", milliseconds(l.P50), "ms")
	r.add(prefix+"p99", milliseconds(l.P99), "ms")
	r.add(prefix+"max", milliseconds(l.Max), "ms")
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// Value returns a figure by its name; NaN if there is none.
func (r *Report) Value(name string) float64 {
	for _, f := range r.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	return math.NaN()
}

// WriteJSON writes the report as one line of JSON.
func (r *Report) WriteJSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// WriteText writes the report for people, a figure per line.
func (r *Report) WriteText(w io.Writer) error {
	for _, f := range r.Figures {
		if _, err := fmt.Fprintf(w, "%-14s %-28s %12s %s\n", r.Workload, f.Name, Format(f.Value), f.Unit); err != nil {
			return err
		}
	}
	return nil
}

// Format writes a figure with about three digits that count.
func Format(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v == math.Trunc(v) || math.Abs(v) >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case math.Abs(v) >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}
