package sequence

import "fmt"

// Check verifies what must hold between the operations.
func (s *Sequence) Check() error {
	seen := map[int32]bool{}
	if err := s.checkNode(s.root, 0, seen); err != nil {
		return err
	}
	if got := len(seen) + len(s.unused) + 1; got != len(s.spans) {
		return fmt.Errorf("%d spans of %d are reachable or unused", got, len(s.spans))
	}
	indexed := 0
	for _, a := range s.index.actors {
		last := int64(-1)
		for _, block := range a.blocks {
			if len(block) == 0 || len(block) > maxBlock {
				return fmt.Errorf("a block of %d", len(block))
			}
			for _, i := range block {
				x := &s.spans[i]
				if x.id.Actor != a.actor || int64(x.id.Counter) <= last || !seen[i] {
					return fmt.Errorf("span %d is out of place in the index", i)
				}
				last = int64(x.last().Counter)
				indexed++
			}
		}
	}
	if indexed != len(seen) {
		return fmt.Errorf("%d of %d spans are indexed", indexed, len(seen))
	}
	return nil
}

func (s *Sequence) checkNode(i, up int32, seen map[int32]bool) error {
	if i == 0 {
		return nil
	}
	x := s.spans[i]
	if x.up != up || seen[i] || x.n < 1 {
		return fmt.Errorf("node %d is not what it should be: %+v", i, x)
	}
	seen[i] = true
	if err := s.checkNode(x.left, i, seen); err != nil {
		return err
	}
	if err := s.checkNode(x.right, i, seen); err != nil {
		return err
	}
	if tilt := s.tilt(i); tilt > 1 || tilt < -1 {
		return fmt.Errorf("node %d tilts by %d", i, tilt)
	}
	if x.kind == Text && x.width != TextWidth(s.content[x.at:x.at+x.size]) {
		return fmt.Errorf("node %d is not as wide as %v", i, x.width)
	}
	s.pull(i)
	if y := s.spans[i]; y.below != x.below || y.least != x.least || y.height != x.height {
		return fmt.Errorf("sums of node %d are %v %v %d, not %v %v %d", i, x.below, x.least, x.height, y.below, y.least, y.height)
	}
	return nil
}

// SpanCount is the number of spans.
func (s *Sequence) SpanCount() int { return len(s.spans) - 1 - len(s.unused) }
