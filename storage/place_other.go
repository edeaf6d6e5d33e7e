//go:build !linux && !darwin && !freebsd

package storage

import "os"

// placeOf knows nothing on this system: a copy goes unnoticed.
func placeOf(*os.File) (place, error) { return place{}, nil }
