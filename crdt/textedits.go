package crdt

import (
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// textEdit replaces del units at pos, counted in the text before all edits.
type textEdit struct {
	pos, del int
	insert   string
}

// textEdits returns the edits that make one text of another, ascending and
// apart from each other. They are the fewest letters, or, where that would take
// too much work, the fewest lines and in each place the fewest letters.
func textEdits(before, after string, u Unit) []textEdit {
	if before == after {
		return nil
	}
	if edits, ok := editsBetween(letters(before), letters(after), u, nil); ok {
		return edits
	}
	edits, _ := editsBetween(strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n"), u, editsOfHunk)
	return edits
}

// editsOfHunk compares the letters of some lines; if there are too many, they
// are replaced whole.
func editsOfHunk(before, after string, u Unit) []textEdit {
	edits, _ := editsBetween(letters(before), letters(after), u, nil)
	return edits
}

// editsBetween aligns two texts that are cut in pieces. Where they differ, finer
// says how; without it the pieces are replaced.
func editsBetween(before, after []string, u Unit, finer func(before, after string, u Unit) []textEdit) ([]textEdit, bool) {
	known := numbers{}
	hunks, ok := align(known.ofAll(before), known.ofAll(after))
	var edits []textEdit
	pos, done := 0, 0
	for _, h := range hunks {
		pos += u.widthOf(before[done:h.a0])
		if finer == nil {
			edits = append(edits, textEdit{pos, u.widthOf(before[h.a0:h.a1]), strings.Join(after[h.b0:h.b1], "")})
		} else {
			for _, e := range finer(strings.Join(before[h.a0:h.a1], ""), strings.Join(after[h.b0:h.b1], ""), u) {
				edits = append(edits, textEdit{pos + e.pos, e.del, e.insert})
			}
		}
		done = h.a0
	}
	return edits, ok
}

// widthOf measures the pieces of a text.
func (u Unit) widthOf(pieces []string) int {
	n := 0
	for _, s := range pieces {
		n += u.width(s)
	}
	return n
}

// letters cuts a text where a reader sees one letter end, so that no emoji is
// made of the pieces of two.
func letters(s string) []string {
	out := make([]string, 0, len(s))
	for state := -1; len(s) > 0; {
		if len(s) == 1 || s[0] < utf8.RuneSelf && s[1] < utf8.RuneSelf {
			out, s, state = append(out, s[:1]), s[1:], -1
			continue
		}
		var letter string
		letter, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		out = append(out, letter)
	}
	return out
}
