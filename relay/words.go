package relay

import (
	"fmt"
	"strconv"
	"time"
)

// sickText says what ails the relay, to a person.
func sickText(reason string) string {
	switch reason {
	case "disk_full":
		return "read-only: the disk is nearly full"
	case "stopping":
		return "stopping"
	case "slow":
		return "the store is slow to answer"
	default:
		return "the store has failed: " + reason
	}
}

// count writes a number with its thousands apart.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:] // a narrow space that doesn't break
	}
	return digits
}

// size writes a number of bytes; a negative one is unknown.
func size(bytes int64) string {
	switch {
	case bytes < 0:
		return "unknown"
	case bytes < 1<<10:
		return fmt.Sprintf("%d\u00a0B", bytes)
	case bytes < 1<<20:
		return fmt.Sprintf("%.1f\u00a0KiB", float64(bytes)/(1<<10))
	case bytes < 1<<30:
		return fmt.Sprintf("%.1f\u00a0MiB", float64(bytes)/(1<<20))
	default:
		return fmt.Sprintf("%.1f\u00a0GiB", float64(bytes)/(1<<30))
	}
}

// span writes a duration by its two largest units.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d\u00a0s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d\u00a0min %d\u00a0s", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%d\u00a0h %d\u00a0min", d/time.Hour, d%time.Hour/time.Minute)
	default:
		return fmt.Sprintf("%d\u00a0d %d\u00a0h", d/day, d%day/time.Hour)
	}
}
