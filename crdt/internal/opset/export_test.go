package opset

import "testing"

// InTrees has all places that have more than one operation keep them in trees,
// as only those with many do otherwise.
func InTrees(t *testing.T) {
	was := fewOps
	fewOps = 1
	t.Cleanup(func() { fewOps = was })
}
