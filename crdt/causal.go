package crdt

import "github.com/godwit-sync/godwit/crdt/change"

// turn is an actor's change of a number.
type turn struct {
	actor ActorID
	seq   uint64
}

// causally puts change chunks into causal order, as far as there is one: each
// behind those of them that it depends on, and behind its actor's previous one.
// Those that wait for each other, as no honest ones do, come last.
func causally(chunks [][]byte) ([][]byte, error) {
	changes := make([]*change.Change, len(chunks))
	byHash, byTurn := map[Hash]int{}, map[turn]int{}
	for i, chunk := range chunks {
		c, err := change.ReadHeader(chunk)
		if err != nil {
			return nil, err
		}
		changes[i] = c
		byHash[c.Hash], byTurn[turn{c.Actor, c.Seq}] = i, i
	}
	waits := make([]int, len(changes))  // for so many
	then := make([][]int, len(changes)) // those that wait for it
	sorted := make([][]byte, 0, len(chunks))
	var ready []int
	for i, c := range changes {
		await := func(on int, here bool) {
			if here {
				waits[i]++
				then[on] = append(then[on], i)
			}
		}
		for _, dep := range c.Deps {
			on, here := byHash[dep]
			await(on, here)
		}
		on, here := byTurn[turn{c.Actor, c.Seq - 1}]
		await(on, here)
		if waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		i := ready[0]
		ready = ready[1:]
		sorted = append(sorted, chunks[i])
		for _, next := range then[i] {
			if waits[next]--; waits[next] == 0 {
				ready = append(ready, next)
			}
		}
	}
	for i, n := range waits {
		if n > 0 {
			sorted = append(sorted, chunks[i])
		}
	}
	return sorted, nil
}
