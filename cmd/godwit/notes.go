package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// notes is what a person is told besides what was asked for. What is going on
// is shown if it takes a while: on a terminal by a line at the bottom that
// changes, elsewhere by a line now and then.
type notes struct {
	file     *os.File
	terminal bool
	quiet    bool
	pause    time.Duration // from one line of progress to the next

	mu    sync.Mutex
	going string      // what is going on
	shown string      // what the last line of progress says
	timer *time.Timer // it is shown when this fires
}

func newNotes(file *os.File, quiet bool) *notes {
	n := &notes{file: file, terminal: isTerminal(file), quiet: quiet, pause: time.Second}
	if n.terminal {
		n.pause = 100 * time.Millisecond
	}
	return n
}

// say tells something that stays.
func (n *notes) say(format string, args ...any) {
	if !n.quiet {
		n.line(fmt.Sprintf(format, args...))
	}
}

// fail tells what went wrong, quiet or not.
func (n *notes) fail(why string) { n.line("godwit: " + why) }

// Write takes a line of the log.
func (n *notes) Write(line []byte) (int, error) {
	n.line("godwit: " + strings.TrimSuffix(string(line), "\n"))
	return len(line), nil
}

func (n *notes) line(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wipe()
	n.write(text + "\n")
}

// progress tells what is going on until it is cleared or something else is said.
func (n *notes) progress(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.quiet {
		return
	}
	n.going = fmt.Sprintf(format, args...)
	if n.timer == nil {
		n.timer = time.AfterFunc(n.pause, n.show)
	}
}

func (n *notes) show() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.timer = nil
	going := n.going
	switch {
	case going == "" || going == n.shown:
		return
	case n.terminal:
		n.wipe()
		n.write(n.fitting(going))
	default:
		n.write(going + "\n")
	}
	n.going, n.shown = going, going
}

// fitting cuts a text so that it is one line on the terminal, which can be taken
// away again.
func (n *notes) fitting(text string) string {
	width, _, err := term.GetSize(int(n.file.Fd()))
	letters := []rune(text)
	if err != nil || len(letters) < width || width < 2 {
		return text
	}
	return string(letters[:width-2]) + "…"
}

// clear ends what is going on.
func (n *notes) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wipe()
}

func (n *notes) wipe() {
	if n.terminal && n.shown != "" {
		n.write("\r\x1b[K")
	}
	n.going, n.shown = "", ""
}

// write writes to a person, of whom nobody knows whether they read.
func (n *notes) write(text string) { _, _ = n.file.WriteString(text) }
