package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/godwit-sync/godwit/internal/load"
	"github.com/godwit-sync/godwit/tools/rivals/report"
)

// machine says what was measured where.
func machine(w *strings.Builder, servers []*kind) {
	fmt.Fprintf(w, "%s; load average at the end %s\n\n", report.Machine(), report.LoadAverage())
	for _, k := range servers {
		fmt.Fprintf(w, "- %s: %s\n", k.name, k.version)
	}
	fmt.Fprintln(w)
}

// row is one line of the table.
type row struct{ workload, figure, unit string }

// table prints all figures as Markdown: the median of the rounds, and their
// range if there are several.
func (c *comparison) table(w *strings.Builder) {
	rows, values := c.collect()
	ratio := len(c.servers) > 1
	fmt.Fprint(w, "| workload | figure |")
	for _, k := range c.servers {
		fmt.Fprintf(w, " %s |", k.name)
	}
	if ratio {
		fmt.Fprintf(w, " %s : %s |", c.servers[1].name, c.servers[0].name)
	}
	fmt.Fprintf(w, "\n|---|---|%s\n", strings.Repeat("--:|", len(c.servers)+min(len(c.servers)-1, 1)))
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %s |", r.workload, r.figure)
		for _, k := range c.servers {
			fmt.Fprintf(w, " %s |", cell(values[r][k.name], r.unit))
		}
		if ratio {
			fmt.Fprintf(w, " %s |", quotient(values[r][c.servers[1].name], values[r][c.servers[0].name]))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
	for _, r := range c.results {
		if r.Failure != "" {
			fmt.Fprintf(w, "- %s, %s, round %d: %s\n", r.Server, r.Workload, r.Round, r.Failure)
		}
	}
}

// collect returns the rows in the order of their appearance, and every server's
// values in each, ascending.
func (c *comparison) collect() (rows []row, values map[row]map[string][]float64) {
	values = map[row]map[string][]float64{}
	for _, r := range c.results {
		if r.Report == nil {
			continue
		}
		for _, f := range r.Report.Figures {
			at := row{r.Workload, f.Name, f.Unit}
			if values[at] == nil {
				values[at] = map[string][]float64{}
				rows = append(rows, at)
			}
			values[at][r.Server] = append(values[at][r.Server], f.Value)
			slices.Sort(values[at][r.Server])
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return c.order(a.workload) - c.order(b.workload) })
	return rows, values
}

func (c *comparison) order(name string) int {
	return slices.IndexFunc(workloads(c.options), func(w workload) bool { return w.name == name })
}

func cell(values []float64, unit string) string {
	switch len(values) {
	case 0:
		return "–"
	case 1:
		return load.Format(values[0]) + suffix(unit)
	default:
		return fmt.Sprintf("%s%s (%s–%s)", load.Format(report.Median(values)), suffix(unit), load.Format(values[0]), load.Format(values[len(values)-1]))
	}
}

func suffix(unit string) string {
	if unit == "" || strings.HasPrefix(unit, "/") {
		return unit
	}
	return " " + unit
}

func quotient(a, b []float64) string {
	if len(a) == 0 || len(b) == 0 || report.Median(b) == 0 {
		return "–"
	}
	return load.Format(report.Median(a) / report.Median(b))
}
