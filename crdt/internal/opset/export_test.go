package opset

import "testing"

// MaxContent has sequences be full at so many bytes.
func MaxContent(t *testing.T, n int64) {
	was := maxContent
	maxContent = n
	t.Cleanup(func() { maxContent = was })
}

// InTrees has all places that have more than one operation keep them in trees,
// as only those with many do otherwise.
func InTrees(t *testing.T) {
	was := fewOps
	fewOps = 1
	t.Cleanup(func() { fewOps = was })
}

// FewRuns makes patches of sequences look at all of them once more than n runs
// were touched.
func FewRuns(t *testing.T, n int) {
	was := fewRuns
	fewRuns = n
	t.Cleanup(func() { fewRuns = was })
}

// Weigh returns what Footprint does when it weighs the document anew.
func (s *Set) Weigh() int64 { return s.weigh() }
