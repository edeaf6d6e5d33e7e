package opset_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
)

// bulk is histories that somebody may make us take, of any size. A nil change is
// a write of ours in between.
var bulk = map[string]func(tb testing.TB, n int) []*change.Change{
	"a key overwritten in turn": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			op := setKey("k")
			if i > 0 {
				op.Pred = []change.OpID{at(uint64(i))}
			}
			return op
		})
	},
	"a key with conflicts, deleted from the oldest on": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			if i < n/2 {
				return setKey("k")
			}
			return deleteKey("k", at(uint64(1+i-n/2)))
		})
	},
	"a key with conflicts, deleted from the newest on": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			if i < n/2 {
				return setKey("k")
			}
			return deleteKey("k", at(uint64(n-i)))
		})
	},
	"a key set in the order of falling ids": func(tb testing.TB, n int) []*change.Change {
		return falling(tb, nil, n, func(int) change.Op { return setKey("k") })
	},
	"a key with marks below its values": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			switch {
			case i < n/2:
				return change.Op{Key: change.MapKey("k"), Action: change.ActionMark}
			case i%2 == 0:
				return setKey("k")
			}
			return deleteKey("k", at(uint64(i)))
		})
	},
	"an element with marks below its values": func(tb testing.TB, n int) []*change.Change {
		return inList(tb, n, func(i int) change.Op {
			op := change.Op{Key: change.ElemKey(at(2)), Action: change.ActionMark}
			if i == 0 {
				op = insert(change.OpID{})
			} else if i > n/2 {
				if op.Action = change.ActionSet; i%2 == 0 {
					op.Action, op.Pred = change.ActionDelete, []change.OpID{at(uint64(i + 1))}
				}
			}
			return op
		})
	},
	"an operation with many successors": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			if i == 0 {
				return setKey("k")
			}
			return deleteKey("k", at(1))
		})
	},
	"an operation with many successors, in the order of falling ids": func(tb testing.TB, n int) []*change.Change {
		base := one(tb, 1, func(int) change.Op { return setKey("k") })
		return falling(tb, base, n, func(int) change.Op { return deleteKey("k", at(1)) })
	},
	"a letter deleted many times, in the order of falling ids": func(tb testing.TB, n int) []*change.Change {
		base := inText(tb, 1, func(int) change.Op { return letterAfter(change.OpID{}) })
		return falling(tb, base, n, func(int) change.Op {
			return change.Op{Obj: at(1), Key: change.ElemKey(at(2)), Action: change.ActionDelete, Pred: []change.OpID{at(2)}}
		})
	},
	"an object deleted many times": func(tb testing.TB, n int) []*change.Change {
		return inList(tb, n, func(i int) change.Op {
			if i == 0 {
				return change.Op{Key: change.ElemKey(change.OpID{}), Insert: true, Action: change.ActionMakeMap}
			}
			return change.Op{Key: change.ElemKey(at(2)), Action: change.ActionDelete, Pred: []change.OpID{at(2)}}
		})
	},
	"letters deleted by turns": func(tb testing.TB, n int) []*change.Change {
		return inText(tb, n, func(i int) change.Op {
			if i < 8 {
				return letterAfter(afterLetter(i))
			}
			id := at(uint64(2 + i%8))
			return change.Op{Key: change.ElemKey(id), Action: change.ActionDelete, Pred: []change.OpID{id}}
		})
	},
	"increments": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			if i == 0 {
				return change.Op{Key: change.MapKey("k"), Action: change.ActionSet, Value: change.Counter(1)}
			}
			return change.Op{Key: change.MapKey("k"), Action: change.ActionIncrement, Value: change.Int(1), Pred: []change.OpID{at(1)}}
		})
	},
	"counters that are incremented together": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			if i < n/2 {
				return change.Op{Key: change.MapKey("k"), Action: change.ActionSet, Value: change.Counter(1)}
			}
			return change.Op{Key: change.MapKey("k"), Action: change.ActionIncrement, Value: change.Int(1), Pred: []change.OpID{at(uint64(1 + i - n/2))}}
		})
	},
	"increments of what is no counter": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			if i == 0 {
				return setKey("k")
			}
			return change.Op{Key: change.MapKey("k"), Action: change.ActionIncrement, Value: change.Int(1), Pred: []change.OpID{at(1)}}
		})
	},
	"typing": func(tb testing.TB, n int) []*change.Change {
		return inText(tb, n, func(i int) change.Op { return letterAfter(afterLetter(i)) })
	},
	"typing backwards": func(tb testing.TB, n int) []*change.Change {
		return inText(tb, n, func(int) change.Op { return letterAfter(change.OpID{}) })
	},
	"typing backwards, in turns with deleting": func(tb testing.TB, n int) []*change.Change {
		return inText(tb, n, func(i int) change.Op {
			if i%2 == 0 {
				return letterAfter(change.OpID{})
			}
			return change.Op{Key: change.ElemKey(at(uint64(i + 1))), Action: change.ActionDelete, Pred: []change.OpID{at(uint64(i + 1))}}
		})
	},
	"rivals for a place in a text, in the order of falling ids": func(tb testing.TB, n int) []*change.Change {
		base := inText(tb, 1, func(int) change.Op { return letterAfter(change.OpID{}) })
		return falling(tb, base, n, func(int) change.Op {
			op := letterAfter(at(2))
			op.Obj = at(1)
			return op
		})
	},
	"rivals for a place in a list": func(tb testing.TB, n int) []*change.Change {
		return inList(tb, n, func(i int) change.Op {
			op := insert(change.OpID{})
			op.Value = change.Int(int64(i))
			return op
		})
	},
	"marks that begin and end at one place": func(tb testing.TB, n int) []*change.Change {
		return inText(tb, n, func(i int) change.Op {
			return markAfter(change.OpID{}, i%2 == 0, "bold")
		})
	},
	"marks that begin at one place and end in turn": func(tb testing.TB, n int) []*change.Change {
		return inText(tb, n, func(i int) change.Op {
			if i%2 == 0 {
				return markAfter(change.OpID{}, true, "bold")
			}
			return markAfter(afterLetter(max(i-1, 0)), false, "")
		})
	},
	"marks of many names": func(tb testing.TB, n int) []*change.Change {
		return inText(tb, n, func(i int) change.Op {
			return markAfter(change.OpID{}, i%2 == 0, fmt.Sprint(i))
		})
	},
	"marks one within the other": func(tb testing.TB, n int) []*change.Change {
		return inText(tb, n, func(i int) change.Op {
			if i%3 == 2 {
				return letterAfter(at(uint64(i))) // between its beginning and its end
			}
			return markAfter(afterLetter(i-i%3), i%3 == 0, "bold")
		})
	},
	"nulls": func(tb testing.TB, n int) []*change.Change {
		return inList(tb, n, func(i int) change.Op { return insert(afterLetter(i)) })
	},
	"nulls that are overwritten": func(tb testing.TB, n int) []*change.Change {
		return inList(tb, n, func(i int) change.Op {
			if i < n/2 {
				return insert(afterLetter(i))
			}
			id := at(uint64(2 + i - n/2))
			return change.Op{Key: change.ElemKey(id), Action: change.ActionSet, Value: change.Int(1), Pred: []change.OpID{id}}
		})
	},
	"maps one in the other": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			return change.Op{Obj: inside(i), Key: change.MapKey("k"), Action: change.ActionMakeMap}
		})
	},
	"lists one in the other": func(tb testing.TB, n int) []*change.Change {
		return inList(tb, n, func(i int) change.Op {
			return change.Op{Obj: at(uint64(i + 1)), Key: change.ElemKey(change.OpID{}), Insert: true, Action: change.ActionMakeList}
		})
	},
	"keys": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op { return setKey(fmt.Sprint(n - i)) })
	},
	"actors who write in a text, and then in another in the order of falling numbers": func(tb testing.TB, n int) []*change.Change {
		base := one(tb, 2, func(i int) change.Op {
			return change.Op{Key: change.MapKey(fmt.Sprint(i)), Action: change.ActionMakeText}
		})
		changes := slices.Clone(base)
		for i := range n / 2 {
			op := letterAfter(change.OpID{})
			op.Obj = at(1)
			changes = append(changes, made(tb, draft(nth(i), 1, 3, op), base[0].Hash))
		}
		for i := n/2 - 1; i >= 0; i-- {
			op := letterAfter(change.OpID{})
			op.Obj = at(2)
			changes = append(changes, made(tb, draft(nth(i), 2, 4, op), changes[1+i].Hash))
		}
		return changes
	},
	"heads": func(tb testing.TB, n int) []*change.Change {
		var changes []*change.Change
		for i := range n {
			changes = append(changes, made(tb, draft(eve, uint64(i+1), uint64(i+1), setKey("k"))))
		}
		return changes
	},
	"heads that are joined one by one": func(tb testing.TB, n int) []*change.Change {
		var changes []*change.Change
		for i := range n / 2 {
			changes = append(changes, made(tb, draft(eve, uint64(i+1), uint64(i+1), setKey("k"))))
		}
		for i := range n / 2 {
			deps := []change.Hash{changes[i].Hash}
			if i > 0 {
				deps = append(deps, changes[len(changes)-1].Hash)
			}
			changes = append(changes, made(tb, draft(eve, uint64(n/2+i+1), uint64(n/2+i+1), setKey("k")), deps...))
		}
		return changes
	},
	"keys of a list, and elements of a map": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			switch {
			case i == 0:
				return change.Op{Key: change.MapKey("l"), Action: change.ActionMakeList}
			case i == 1:
				return change.Op{Key: change.MapKey("m"), Action: change.ActionMakeMap}
			case i%2 == 0:
				return change.Op{Obj: at(1), Key: change.MapKey("k"), Action: change.ActionSet}
			}
			return change.Op{Obj: at(2), Key: change.ElemKey(change.OpID{}), Insert: true, Action: change.ActionSet}
		})
	},
	"operations in what is no object": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			op := setKey("k")
			op.Obj = inside(i)
			return op
		})
	},
	"elements behind those of another list": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			switch {
			case i < 2:
				return change.Op{Key: change.MapKey(fmt.Sprint(i)), Action: change.ActionMakeList}
			case i < n/2:
				op := insert(change.OpID{})
				op.Obj = at(1)
				return op
			}
			op := insert(at(uint64(i - n/2 + 3)))
			op.Obj = at(2)
			return op
		})
	},
	"predecessors under other keys": func(tb testing.TB, n int) []*change.Change {
		return one(tb, n, func(i int) change.Op {
			if i < n/2 {
				return setKey(fmt.Sprint(i))
			}
			return deleteKey("k", at(uint64(n-i)))
		})
	},
	"predecessors under other keys, while we write": func(tb testing.TB, n int) []*change.Change {
		base := one(tb, n, func(i int) change.Op { return setKey(fmt.Sprint(i)) })
		changes := slices.Clone(base)
		for i := range n {
			changes = append(changes, nil, made(tb, draft(eve, uint64(i+2), uint64(n+i+1), deleteKey("k", at(uint64(i+1)))), changes[len(changes)-1].Hash))
		}
		return changes
	},
	"predecessors in other elements": func(tb testing.TB, n int) []*change.Change {
		return inList(tb, n, func(i int) change.Op {
			if i < n/2 {
				return insert(change.OpID{})
			}
			return change.Op{Key: change.ElemKey(at(2)), Action: change.ActionSet, Pred: []change.OpID{at(uint64(i - n/2 + 2))}}
		})
	},
	"marks that are put over letters": func(tb testing.TB, n int) []*change.Change {
		return inText(tb, n, func(i int) change.Op {
			if i < n/2 {
				return letterAfter(change.OpID{})
			}
			id := at(uint64(i - n/2 + 2))
			return change.Op{Key: change.ElemKey(id), Action: change.ActionMark, Expand: true, Pred: []change.OpID{id}}
		})
	},
}

// made encodes a change.
func made(tb testing.TB, d change.Draft, deps ...change.Hash) *change.Change {
	tb.Helper()
	d.Deps = deps
	c, err := d.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func draft(actor change.ActorID, seq, start uint64, ops ...change.Op) change.Draft {
	return change.Draft{Actor: actor, Seq: seq, StartOp: start, Ops: ops}
}

// one is a single change of n operations.
func one(tb testing.TB, n int, op func(i int) change.Op) []*change.Change {
	tb.Helper()
	var ops []change.Op
	for i := range n {
		ops = append(ops, op(i))
	}
	return []*change.Change{made(tb, draft(eve, 1, 1, ops...))}
}

// inObject is a change that makes an object and writes in it.
func inObject(tb testing.TB, kind change.Action, n int, op func(i int) change.Op) []*change.Change {
	tb.Helper()
	return one(tb, n+1, func(i int) change.Op {
		if i == 0 {
			return change.Op{Key: change.MapKey("o"), Action: kind}
		}
		o := op(i - 1)
		if o.Obj.IsZero() {
			o.Obj = at(1)
		}
		return o
	})
}

func inText(tb testing.TB, n int, op func(i int) change.Op) []*change.Change {
	tb.Helper()
	return inObject(tb, change.ActionMakeText, n, op)
}

func inList(tb testing.TB, n int, op func(i int) change.Op) []*change.Change {
	tb.Helper()
	return inObject(tb, change.ActionMakeList, n, op)
}

// falling is n changes of as many actors, each with an operation that has a
// lesser id than the one before.
func falling(tb testing.TB, base []*change.Change, n int, op func(i int) change.Op) []*change.Change {
	tb.Helper()
	changes := slices.Clone(base)
	var deps []change.Hash
	for _, c := range base {
		deps = append(deps, c.Hash)
	}
	for i := range n {
		changes = append(changes, made(tb, draft(nth(i), 1, uint64(10+n-i), op(i)), deps...))
	}
	return changes
}

func nth(i int) change.ActorID { return change.ActorID(fmt.Sprintf("%016d", i)) }

func setKey(key string) change.Op {
	return change.Op{Key: change.MapKey(key), Action: change.ActionSet}
}

func deleteKey(key string, pred change.OpID) change.Op {
	return change.Op{Key: change.MapKey(key), Action: change.ActionDelete, Pred: []change.OpID{pred}}
}

func insert(after change.OpID) change.Op {
	return change.Op{Key: change.ElemKey(after), Insert: true, Action: change.ActionSet}
}

func letterAfter(after change.OpID) change.Op {
	op := insert(after)
	op.Value = change.Text("a")
	return op
}

func markAfter(after change.OpID, begins bool, name string) change.Op {
	op := change.Op{Key: change.ElemKey(after), Insert: true, Action: change.ActionMark, Expand: begins}
	if begins {
		op.MarkName, op.Value = &name, change.Bool(true)
	}
	return op
}

// afterLetter is the element that came before the i-th, if the object was the
// first operation.
func afterLetter(i int) change.OpID {
	if i == 0 {
		return change.OpID{}
	}
	return at(uint64(i + 1))
}

// inside is the i-th object, if each operation makes one in that before it.
func inside(i int) change.OpID {
	if i == 0 {
		return change.OpID{}
	}
	return at(uint64(i))
}
