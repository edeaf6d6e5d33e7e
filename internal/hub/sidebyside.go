package hub

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// sideBySide calls do with 0 to n-1, on as many processors as there are, and returns
// when all calls have. Of a few there is no use in waking another one.
func sideBySide(n int, do func(i int)) {
	const few = 4
	var taken atomic.Int64
	work := func() {
		for i := int(taken.Add(1)) - 1; i < n; i = int(taken.Add(1)) - 1 {
			do(i)
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n/few) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
}
