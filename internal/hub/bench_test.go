package hub_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/internal/hub"
)

// BenchmarkDelivery measures one edit from its author through the hub, with a
// store in memory, to all others and until it is acknowledged, over loopback;
// what the clients do counts, too.
func BenchmarkDelivery(b *testing.B) {
	for _, receivers := range []int{1, 9} {
		b.Run(fmt.Sprintf("receivers=%d", receivers), func(b *testing.B) {
			n := newLoopback(b, hub.Config{})
			author := n.peer("author").connect().find(id(1))
			var others []*peer
			for i := range receivers {
				others = append(others, n.peer(fmt.Sprint(i)).connect().find(id(1)))
			}
			b.ReportAllocs()
			edits := 0
			for b.Loop() {
				made := author.edit(id(1))
				edits++
				for _, p := range others {
					p.await(func() bool { return p.doc(id(1)).Len() == edits })
				}
				author.await(func() bool { return slices.Contains(author.acknowledged[id(1)], made.Hash) })
			}
			b.StopTimer()
			for _, p := range append(others, author) {
				p.disconnect()
			}
		})
	}
}
