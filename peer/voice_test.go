package peer

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/wire"
)

// Whoever waits for last words, Close and the end of Run alike, waits no longer
// when they are sent, or when the link is gone over which they were to be.
func TestLastWords(t *testing.T) {
	for name, end := range map[string]func(*Peer){
		"sent":     func(p *Peer) { p.voice.Sent(wire.Ephemeral{}.Kind(), 1) },
		"dropped":  func(p *Peer) { p.voice.Dropped("slow") },
		"unlinked": func(p *Peer) { p.unlink(errors.New("gone")) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // where no time passes while anything can go on
				p := &Peer{}
				p.voice.next(crdt.DocumentID{1}, nil)
				var waiting atomic.Int64
				var all sync.WaitGroup
				defer all.Wait()
				for range 2 {
					waiting.Add(1)
					all.Go(func() {
						p.voice.finish()
						waiting.Add(-1)
					})
				}
				synctest.Wait()
				if waiting.Load() != 2 {
					t.Error("not waited for")
				}
				end(p)
				synctest.Wait()
				if n := waiting.Load(); n != 0 {
					t.Errorf("%d still wait", n)
				}
			})
		})
	}
}
