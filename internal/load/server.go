package load

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Server is a server under test that runs as a process of its own on this
// machine.
type Server interface {
	// URL is where it listens, "ws://…"; it doesn't change.
	URL() string
	// PID is its process; it changes with Start.
	PID() int
	// Start starts it over the data it has, and returns when it answers.
	Start(ctx context.Context) error
	// Stop asks it to end, and returns when it has.
	Stop() error
	// Kill ends it as a crash would, with SIGKILL, and returns when it has.
	Kill() error
}

// Anonymous returns a process's memory that is its own and not a file's
// (RssAnon), in bytes; see proc_pid_status(5).
func Anonymous(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "RssAnon:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("memory of process %d: no RssAnon", pid)
}

// cpuTick is what proc_pid_stat(5) counts in: a hundredth of a second on every
// Linux.
const cpuTick = 10 * time.Millisecond

// processorTime returns how long a process has been computing.
func processorTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("processor time of the server: %w", err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name may hold spaces
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("processor time of the server: cannot read %q", stat)
	}
	var ticks int64
	for _, f := range fields[11:13] { // user and system
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("processor time of the server: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * cpuTick, nil
}
