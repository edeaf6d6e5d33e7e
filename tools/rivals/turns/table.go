package turns

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/godwit-sync/godwit/internal/load"
	"github.com/godwit-sync/godwit/tools/rivals/report"
)

// Row is one line of a table.
type Row struct {
	figure, label string
	format        func(float64) string
}

// NewRow shows a figure under a label, in a format such as [Duration].
func NewRow(figure, label string, format func(float64) string) Row { return Row{figure, label, format} }

// markdown is the whole report.
func (r *Run) markdown() string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s; load average %s before, %s after.\n", report.Machine(), r.before, report.LoadAverage())
	fmt.Fprintf(&w, "%s; median of %d, in parentheses the ratio to %s.\n\n", r.What, r.Rounds, r.Contenders[0].Title)
	r.table(&w)
	w.WriteString(r.Notes)
	return w.String()
}

// table writes all figures: the medians of the rounds, and in parentheses the ratio
// to the first contender's.
func (r *Run) table(w *strings.Builder) {
	fmt.Fprint(w, "| |")
	for _, who := range r.Contenders {
		fmt.Fprintf(w, " %s |", who.Title)
	}
	fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("--:|", len(r.Contenders)))
	fmt.Fprint(w, "| version |")
	for _, who := range r.Contenders {
		fmt.Fprintf(w, " %s |", who.Version)
	}
	fmt.Fprintln(w)
	for _, row := range r.Rows {
		fmt.Fprintf(w, "| %s |", row.label)
		for _, who := range r.Contenders {
			fmt.Fprintf(w, " %s |", r.cell(row, who))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}

func (r *Run) cell(row Row, who Contender) string {
	values, first := r.values(row.figure, who), r.values(row.figure, r.Contenders[0])
	if len(values) == 0 {
		return "n/a"
	}
	text := row.format(report.Median(values))
	if who.Name == r.Contenders[0].Name || len(first) == 0 || report.Median(first) == 0 {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, load.Format(report.Median(values)/report.Median(first)))
}

// Duration of so many seconds.
func Duration(s float64) string {
	switch {
	case s >= 1:
		return load.Format(s) + " s"
	case s >= 1e-3:
		return load.Format(s*1e3) + " ms"
	default:
		return load.Format(s*1e6) + " µs"
	}
}

// Size of so many bytes.
func Size(b float64) string {
	switch {
	case math.Abs(b) >= 1e6:
		return load.Format(b/1e6) + " MB"
	case math.Abs(b) >= 1e5:
		return load.Format(b/1e3) + " KB"
	default:
		return strconv.FormatFloat(b, 'f', 0, 64) + " B"
	}
}
