package sync_test

import (
	"fmt"
	"strings"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// tracef prints what happens in a simulation, with -story.
func tracef(format string, args ...any) {
	if *traced {
		fmt.Printf(format+"\n", args...)
	}
}

// short prints hashes by their first letters.
type short []change.Hash

func (s short) String() string {
	var names []string
	for _, h := range s {
		names = append(names, h.String()[:4])
	}
	return fmt.Sprint(names)
}

// described prints a message.
type described []byte

func (d described) String() string {
	m, err := sync.Decode(d)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "heads %v need %v", short(m.Heads), short(m.Need))
	for _, h := range m.Have {
		fmt.Fprintf(&b, " have %v+%d", short(h.LastSync), len(h.Bloom.Append(nil)))
	}
	for _, chunk := range m.Changes {
		if c, err := change.Parse(chunk); err == nil {
			fmt.Fprintf(&b, " [%s %s#%d %v]", c.Hash.String()[:4], c.Actor, c.Seq, short(c.Deps))
		}
	}
	return b.String()
}
