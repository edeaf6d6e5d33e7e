//go:build !unix

package load

import "time"

// ownProcessorTime returns zero: servers are only measured on Linux.
func ownProcessorTime() time.Duration { return 0 }
