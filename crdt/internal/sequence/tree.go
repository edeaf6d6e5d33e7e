package sequence

// The spans are nodes of an AVL tree, linked by their indexes; 0 is no node.

// pull makes a node's sums agree with its children.
func (s *Sequence) pull(i int32) {
	x := &s.spans[i]
	l, r := &s.spans[x.left], &s.spans[x.right]
	x.height = max(l.height, r.height) + 1
	x.below = l.below.Plus(r.below)
	if x.visible {
		x.below = x.below.Plus(x.width)
	}
	x.least = x.id
	if s.less(l.least, x.least) {
		x.least = l.least
	}
	if s.less(r.least, x.least) {
		x.least = r.least
	}
}

// refresh tells a node's ancestors of a change of its width.
func (s *Sequence) refresh(i int32) {
	if s.loading {
		return
	}
	was := s.spans[i].below
	s.pull(i)
	s.widen(s.spans[i].up, was, s.spans[i].below)
}

// widen tells a node and its ancestors that what is visible under one of its
// children has changed.
func (s *Sequence) widen(i int32, was, is Width) {
	for ; i != 0; i = s.spans[i].up {
		if x := &s.spans[i]; !x.below.shift(was, is) {
			s.pull(i)
		}
	}
}

// rebalance refreshes a node and its ancestors, under one of which a node was
// added or removed. Above one that is as high as before only widths change, but
// for those up to through, if that is one of them.
func (s *Sequence) rebalance(i, through int32) {
	for i != 0 {
		was := s.spans[i]
		s.balance(i)
		top := i
		if s.spans[i].up != was.up {
			top = s.spans[i].up
		}
		if i == through {
			through = 0
		}
		if x := &s.spans[top]; through == 0 && x.height == was.height && x.least == was.least {
			s.widen(was.up, was.below, x.below)
			return
		}
		i = was.up
	}
}

func (s *Sequence) balance(i int32) {
	x := &s.spans[i]
	switch tilt := s.tilt(i); {
	case tilt > 1:
		if s.tilt(x.left) < 0 {
			s.rotateLeft(x.left)
		}
		s.rotateRight(i)
	case tilt < -1:
		if s.tilt(x.right) > 0 {
			s.rotateRight(x.right)
		}
		s.rotateLeft(i)
	default:
		s.pull(i)
	}
}

// tilt is how much higher a node's left side is than its right one.
func (s *Sequence) tilt(i int32) int8 {
	x := &s.spans[i]
	return s.spans[x.left].height - s.spans[x.right].height
}

func (s *Sequence) rotateLeft(i int32) {
	x := &s.spans[i]
	top := x.right
	y := &s.spans[top]
	s.replace(i, top)
	x.right = y.left
	s.spans[x.right].up = i
	y.left, x.up = i, top
	s.pull(i)
	s.pull(top)
}

func (s *Sequence) rotateRight(i int32) {
	x := &s.spans[i]
	top := x.left
	y := &s.spans[top]
	s.replace(i, top)
	x.left = y.right
	s.spans[x.left].up = i
	y.right, x.up = i, top
	s.pull(i)
	s.pull(top)
}

// replace puts a node, or none, in the place of another under its parent.
func (s *Sequence) replace(old, i int32) {
	up := s.spans[old].up
	switch parent := &s.spans[up]; {
	case up == 0:
		s.root = i
	case parent.left == old:
		parent.left = i
	default:
		parent.right = i
	}
	s.spans[i].up = up
}

// link puts a node behind another; in front of all if that is 0.
func (s *Sequence) link(after, i int32) {
	if s.loading {
		return
	}
	switch {
	case s.root == 0:
		s.root = i
	case after == 0:
		first := s.leftmost(s.root)
		s.spans[first].left, s.spans[i].up = i, first
	case s.spans[after].right == 0:
		s.spans[after].right, s.spans[i].up = i, after
	default:
		next := s.leftmost(s.spans[after].right)
		s.spans[next].left, s.spans[i].up = i, next
	}
	s.pull(i)
	s.rebalance(s.spans[i].up, 0)
}

// unlink takes a node out of the tree.
func (s *Sequence) unlink(i int32) {
	x := &s.spans[i]
	from, through := x.up, int32(0)
	switch {
	case x.left == 0:
		s.replace(i, x.right)
	case x.right == 0:
		s.replace(i, x.left)
	default:
		heir := s.leftmost(x.right)
		y := &s.spans[heir]
		from, through = heir, heir
		if y.up != i {
			from = y.up
			s.replace(heir, y.right)
			y.right = x.right
			s.spans[y.right].up = heir
		}
		s.replace(i, heir)
		y.left = x.left
		s.spans[y.left].up = heir
		y.height, y.below, y.least = x.height, x.below, x.least
	}
	s.rebalance(from, through)
}

// build makes a tree of the spans from lo to hi, which are in order.
func (s *Sequence) build(lo, hi, up int32) int32 {
	if lo > hi {
		return 0
	}
	mid := lo + (hi-lo)/2
	x := &s.spans[mid]
	x.up = up
	x.left = s.build(lo, mid-1, mid)
	x.right = s.build(mid+1, hi, mid)
	s.pull(mid)
	return mid
}

func (s *Sequence) leftmost(i int32) int32 {
	for s.spans[i].left != 0 {
		i = s.spans[i].left
	}
	return i
}

func (s *Sequence) rightmost(i int32) int32 {
	for s.spans[i].right != 0 {
		i = s.spans[i].right
	}
	return i
}

// next returns the span behind i; the first one for 0.
func (s *Sequence) next(i int32) int32 {
	if i == 0 {
		return s.leftmost(s.root)
	}
	if right := s.spans[i].right; right != 0 {
		return s.leftmost(right)
	}
	for up := s.spans[i].up; ; i, up = up, s.spans[up].up {
		if up == 0 || s.spans[up].left == i {
			return up
		}
	}
}

// prev returns the span before i; 0 for the first one.
func (s *Sequence) prev(i int32) int32 {
	if left := s.spans[i].left; left != 0 {
		return s.rightmost(left)
	}
	for up := s.spans[i].up; ; i, up = up, s.spans[up].up {
		if up == 0 || s.spans[up].right == i {
			return up
		}
	}
}

// before returns what is visible before a span.
func (s *Sequence) before(i int32) Width {
	w := s.spans[s.spans[i].left].below
	for up := s.spans[i].up; up != 0; i, up = up, s.spans[up].up {
		if x := &s.spans[up]; x.right == i {
			w = w.Plus(s.spans[x.left].below).Plus(x.shown())
		}
	}
	return w
}

// firstLess returns the first span behind i that begins with a lesser id than
// the given one, or 0.
func (s *Sequence) firstLess(i int32, id ID) int32 {
	if i == 0 {
		return s.leastIn(s.root, id)
	}
	if found := s.leastIn(s.spans[i].right, id); found != 0 {
		return found
	}
	for up := s.spans[i].up; up != 0; i, up = up, s.spans[up].up {
		x := &s.spans[up]
		if x.left != i {
			continue
		}
		if s.less(x.id, id) {
			return up
		}
		if found := s.leastIn(x.right, id); found != 0 {
			return found
		}
	}
	return 0
}

// leastIn is firstLess among the nodes of a subtree.
func (s *Sequence) leastIn(i int32, id ID) int32 {
	if !s.less(s.spans[i].least, id) {
		return 0
	}
	for {
		x := &s.spans[i]
		switch {
		case s.less(s.spans[x.left].least, id):
			i = x.left
		case s.less(x.id, id):
			return i
		default:
			i = x.right
		}
	}
}
