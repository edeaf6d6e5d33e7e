package sync_test

import (
	"fmt"
	"os"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/sync"
)

func trace(format string, args ...any) {
	if os.Getenv("TRACE") != "" {
		fmt.Printf(format+"\n", args...)
	}
}

func short(hs []change.Hash) (s []string) {
	for _, h := range hs {
		s = append(s, h.String()[:4])
	}
	return s
}

func describe(data []byte) string {
	m, _ := sync.Decode(data)
	s := fmt.Sprintf("heads %v need %v", short(m.Heads), short(m.Need))
	for _, h := range m.Have {
		s += fmt.Sprintf(" have %v+%d", short(h.LastSync), len(fmt.Sprint(h.Bloom)))
	}
	for _, c := range m.Changes {
		if p, err := change.Parse(c); err == nil {
			s += fmt.Sprintf(" [%s %s#%d %v]", p.Hash.String()[:4], p.Actor, p.Seq, short(p.Deps))
		}
	}
	return s
}
