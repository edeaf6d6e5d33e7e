package main

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/godwit-sync/godwit/internal/load"
	"github.com/godwit-sync/godwit/tools/rivals/report"
)

// row is one line of the table.
type row struct {
	figure, label string
	format        func(float64) string
}

var rows = []row{
	{"apply", "type it", duration},
	{"record", "type it, with the bytes for others", duration},
	{"wireBytes", "those bytes", size},
	{"applyMemory", "memory after typing", size},
	{"saveFirst", "save, the first time", duration},
	{"savedBytes", "saved", size},
	{"loadCold", "open until readable, cold", duration},
	{"loadWarm", "open until readable, warm", duration},
	{"verify", "verify what was opened", duration},
	{"loadMemory", "memory after opening", size},
	{"keystrokeFirst", "first keystroke after opening", duration},
	{"keystroke", "one more keystroke", duration},
	{"read", "read the text", duration},
	{"save", "save again", duration},
	{"receive", "receive it all", duration},
	{"receiveOne", "receive one keystroke", duration},
	{"smallCreate", "record: make", duration},
	{"smallLoad", "record: open", duration},
	{"smallBytes", "record: saved", size},
	{"smallMemory", "record: memory of each that is open", size},
}

// notes say what the figures include.
//
//go:embed notes.md
var notes string

// markdown is the whole report.
func (c *comparison) markdown() string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s; load average %s before, %s after.\n", report.Machine(), c.before, report.LoadAverage())
	fmt.Fprintf(&w, "%d edits, %d small documents; median of %d, in parentheses the ratio to %s.\n\n",
		c.edits, c.documents, c.rounds, c.contenders[0].title)
	fmt.Fprint(&w, "| |")
	for _, who := range c.contenders {
		fmt.Fprintf(&w, " %s |", who.title)
	}
	fmt.Fprintf(&w, "\n|---|%s\n", strings.Repeat("--:|", len(c.contenders)))
	fmt.Fprint(&w, "| version |")
	for _, who := range c.contenders {
		fmt.Fprintf(&w, " %s |", who.version)
	}
	fmt.Fprintln(&w)
	for _, r := range rows {
		fmt.Fprintf(&w, "| %s |", r.label)
		for _, who := range c.contenders {
			fmt.Fprintf(&w, " %s |", c.cell(r, who))
		}
		fmt.Fprintln(&w)
	}
	fmt.Fprintln(&w)
	c.smaller(&w)
	w.WriteString(notes)
	return w.String()
}

func (c *comparison) cell(r row, who contender) string {
	values, first := c.values(r.figure, who.name), c.values(r.figure, c.contenders[0].name)
	if len(values) == 0 {
		return "n/a"
	}
	text := r.format(report.Median(values))
	if who.name == c.contenders[0].name || len(first) == 0 || report.Median(first) == 0 {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, load.Format(report.Median(values)/report.Median(first)))
}

// smaller names encodings that take less than the usual one.
func (c *comparison) smaller(w *strings.Builder) {
	for _, who := range c.contenders {
		if bytes := c.values("smallerBytes", who.name); len(bytes) > 0 {
			fmt.Fprintf(w, "%s's encoding v2 saves %s.\n\n", who.title, size(report.Median(bytes)))
		}
	}
}

// duration of so many seconds.
func duration(s float64) string {
	switch {
	case s >= 1:
		return load.Format(s) + " s"
	case s >= 1e-3:
		return load.Format(s*1e3) + " ms"
	default:
		return load.Format(s*1e6) + " µs"
	}
}

// size of so many bytes.
func size(b float64) string {
	switch {
	case math.Abs(b) >= 1e6:
		return load.Format(b/1e6) + " MB"
	case math.Abs(b) >= 1e5:
		return load.Format(b/1e3) + " KB"
	default:
		return strconv.FormatFloat(b, 'f', 0, 64) + " B"
	}
}
