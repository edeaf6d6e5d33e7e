package hub

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/internal/replica"
)

const (
	// parseChanges is how many changes of one message are parsed before they
	// are handed over.
	parseChanges = 2048
	// parseBytes likewise, in bytes of memory, which the length of a message
	// doesn't tell: references take many times the bytes that name them.
	parseBytes = 1 << 20
	// deflation is how much a deflated byte can become.
	deflation = 1032
	// lean is how long a frame may be for its changes to keep it in memory.
	lean = 4 << 10
)

// incoming parses the changes of one message, slice by slice.
type incoming struct {
	blobs [][]byte // each one chunk, or several one after another
	clone bool     // so that a change that is held doesn't keep a large frame
}

func (in *incoming) done() bool { return len(in.blobs) == 0 }

// inflated returns how many bytes the next chunk can take beyond its own: zero
// unless it is deflated.
func (in *incoming) inflated() int64 {
	if in.done() {
		return 0
	}
	chunk, kind, _, err := change.Split(in.blobs[0])
	if err != nil || kind != change.TypeCompressed {
		return 0
	}
	return min(deflation*int64(len(chunk)), change.MaxChunk)
}

// next fills a slice. A deflated chunk, which may be large without looking so,
// gets one of its own.
func (in *incoming) next(ev *replica.Received) error {
	alone := in.inflated() > 0
	for size := 0; !in.done(); {
		n := len(ev.Changes) + len(ev.Invalid)
		if n > 0 && (alone || n >= parseChanges || size >= parseBytes || in.inflated() > 0) {
			return nil
		}
		chunk, _, rest, err := change.Split(in.blobs[0])
		if err != nil {
			return fmt.Errorf("%w: %w", errChunk, err)
		}
		if in.blobs[0] = rest; len(rest) == 0 {
			in.blobs = in.blobs[1:]
		}
		if in.clone {
			chunk = bytes.Clone(chunk)
		}
		taken, err := parse(chunk, ev)
		if err != nil {
			return err
		}
		size += taken
	}
	return nil
}

// parse adds a change to what was received, and returns what that takes in
// memory, in bytes. Only bytes that are no change at all are an error.
func parse(chunk []byte, ev *replica.Received) (int, error) {
	c, err := change.Parse(chunk)
	var invalid *change.InvalidError
	switch {
	case err == nil:
		ev.Changes = append(ev.Changes, c)
		return c.Footprint(), nil
	case errors.As(err, &invalid) && invalid.Hash != change.Hash{}:
		ev.Invalid = append(ev.Invalid, invalid)
		return len(chunk), nil
	default:
		return 0, fmt.Errorf("%w: %w", errChunk, err)
	}
}
