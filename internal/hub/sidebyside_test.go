package hub_test

import (
	"sync/atomic"
	"testing"

	"github.com/godwit-sync/godwit/internal/hub"
)

func TestSideBySide(t *testing.T) {
	for n := range 40 {
		calls := make([]atomic.Int64, n)
		hub.SideBySide(n, func(i int) { calls[i].Add(1) })
		for i := range calls {
			if got := calls[i].Load(); got != 1 {
				t.Errorf("of %d, %d is called %d times", n, i, got)
			}
		}
	}
}
