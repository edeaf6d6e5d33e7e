package crdt

// reconcile brings the list, which was shown as one node, to what another says:
// they are aligned by what JSON shows of both.
func (l List) reconcile(was, now node) error {
	if l.tooDeep() {
		return l.s.failure
	}
	if was.kind != KindList || now.key == "" && len(was.items) != l.Len() {
		was = l.node() // of which nothing could be read
	}
	if now.key != "" {
		return l.reconcileByKey(was, now)
	}
	a, b := was.items, now.items
	from := 0
	for from < len(a) && from < len(b) && a[from].equal(b[from]) {
		from++
	}
	a, b = a[from:], b[from:]
	for len(a) > 0 && len(b) > 0 && a[len(a)-1].equal(b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	known := numbers{}
	return l.rewrite(from, a, b, pairs(known.ofNodes(a), known.ofNodes(b), func(i, j int) bool {
		return alike(a[i], b[j])
	}))
}

func (l List) node() node { return Value{l.place, item{KindList, l.object}}.node() }

func (n numbers) ofNodes(nodes []node) []int {
	out := make([]int, len(nodes))
	for i, child := range nodes {
		out[i] = n.of(shown(child.any()))
	}
	return out
}

// pair says that element i of a list becomes element j of what is wanted; an i
// of -1 that j is new, a j of -1 that i goes.
type pair struct{ i, j int }

// pairs aligns two lists. Between what is equal, elements that are alike are
// taken for one that was edited.
func pairs(a, b []int, alike func(i, j int) bool) []pair {
	hunks, _ := align(a, b)
	var out []pair
	i, j := 0, 0
	for _, h := range append(hunks, hunk{len(a), len(a), len(b), len(b)}) {
		for ; i < h.a0; i, j = i+1, j+1 {
			out = append(out, pair{i, j})
		}
		for ; i < h.a1 && j < h.b1; i, j = i+1, j+1 {
			switch lead := h.a1 - i - (h.b1 - j); {
			case alike(i, j) || lead == 0:
				out = append(out, pair{i, j})
			case lead > 0: // more stand there than are wanted: this one goes
				out = append(out, pair{i, -1})
				j--
			default:
				out = append(out, pair{-1, j})
				i--
			}
		}
		for ; i < h.a1; i++ {
			out = append(out, pair{i, -1})
		}
		for ; j < h.b1; j++ {
			out = append(out, pair{-1, j})
		}
	}
	return out
}

// alike reports whether a node looks like an earlier form of another: two maps
// of which at least half the fields are equal, or two values that are no maps but
// of one sort.
func alike(was, now node) bool {
	if was.kind != KindMap || now.kind != KindMap {
		return was.kind == now.kind
	}
	equal := 0
	for a, b := was.fields, now.fields; len(a) > 0 && len(b) > 0; {
		switch {
		case a[0].key < b[0].key:
			a = a[1:]
		case a[0].key > b[0].key:
			b = b[1:]
		default:
			if a[0].equal(b[0].node) || shown(a[0].any()) == shown(b[0].any()) {
				equal++
			}
			a, b = a[1:], b[1:]
		}
	}
	return 2*equal >= max(len(now.fields), 1)
}

// rewrite carries out what pairs say of the items from an index on, from the
// end, so that indices stay right.
func (l List) rewrite(from int, was, now []node, all []pair) error {
	i := from + len(was)
	for len(all) > 0 {
		p := all[len(all)-1]
		all = all[:len(all)-1]
		var err error
		switch {
		case p.j < 0:
			i = from + p.i
			err = l.s.did(l.object.delete(i, 1))
		case p.i < 0:
			first := p.j // of those that are new here: written one after the other, they stay together
			for len(all) > 0 && all[len(all)-1].i < 0 {
				first = all[len(all)-1].j
				all = all[:len(all)-1]
			}
			err = l.insertNew(i, now[first:p.j+1])
		default:
			i = from + p.i
			err = l.reconcileItem(i, was[p.i], now[p.j])
		}
		if err != nil {
			return at(from+max(p.j, 0), err)
		}
	}
	return l.s.failure
}

func (l List) insertNew(i int, nodes []node) error {
	for _, n := range nodes {
		if err := l.fits(n); err != nil {
			return err
		}
	}
	return l.insert(l.object, i, nodes)
}

// reconcileItem brings the item at an index from one node to another.
func (l List) reconcileItem(i int, was, now node) error {
	if was.equal(now) {
		return nil
	}
	there, err := l.object.get(i)
	if l.s.saw(err) != nil {
		return l.s.failure
	}
	return l.reconcileSlot(slot{l: l.object, i: i}, there, was, now)
}

// any returns the value that was prepared.
func (n node) any() any {
	switch n.kind {
	case KindMap:
		out := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			out[f.key] = f.any()
		}
		return out
	case KindList:
		out := make([]any, len(n.items))
		for i, child := range n.items {
			out[i] = child.any()
		}
		return out
	default:
		return n.data
	}
}
