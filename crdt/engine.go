package crdt

import "github.com/godwit-sync/godwit/crdt/change"

// MaxNote is the greatest length of a note for [Guard], in bytes.
const MaxNote = 64

// engine is one open document as an engine holds it. The reference engine is
// automerge-go; nothing outside its files knows that.
//
// An engine is used under its document's lock: whoever writes is alone, and so
// is each who reads, unless the engine allows many readers. Only its objects,
// save and memory are reading. It may trust its arguments: positions are in range, strings are UTF-8,
// keys not empty, kinds right. An error that wraps errPanicked means that it
// must not be called again.
type engine interface {
	root() mapObject
	// pending reports whether something was written since the last commit: what
	// is to be written may turn out to be nothing. It is true of an engine that
	// can't tell.
	pending() bool
	// commit makes one change of what was written since the last commit, or an
	// empty one, and checks it as if it came from somebody else: what an engine
	// writes has to pass everywhere. Time is in seconds, as in a change.
	commit(message string, time int64) (*change.Change, error)
	// rollback forgets what was written since the last commit. It reports
	// whether the engine can do that.
	rollback() (bool, error)
	heads() ([]Hash, error)
	has(Hash) (bool, error)
	// holds is has for a change, which may be cheaper to find.
	holds(*change.Change) (bool, error)
	// landmarks returns hashes of changes that are here, the heads among them:
	// enough for another document to find what it has in common with this one.
	landmarks() ([]Hash, error)
	// changes returns the chunks of all changes that are not in the past of
	// since, in causal order. It passes over hashes that aren't here. It fails
	// with ErrNewerFormat if a newer version has saved the changes and they can't
	// be told apart; so do changesOf, at and verify.
	changes(since []Hash) ([][]byte, error)
	// changesOf returns, for each operation, the change that it is part of, nil
	// if there is none; their operations need not be checked.
	changesOf([]OpID) ([]*change.Change, error)
	// authors returns the actors who have made changes.
	authors() ([]ActorID, error)
	// newer reports whether there is something that only newer versions know.
	newer() bool
	// apply takes changes, one after the other.
	apply([]*change.Change) error
	// verify checks the hashes of the document that was loaded.
	verify() error
	save() ([]byte, error)
	// memory estimates what a document of that size takes, in bytes. That of
	// automerge-go is hidden from Go's collector.
	memory(census) int64
	fork(ActorID) (engine, error)
	// at returns the document as it was at some heads, in which an actor writes.
	// Without an actor it is for reading only, and shares nothing with this one
	// that ever changes. The census is for those engines that need one.
	at(actor ActorID, heads []Hash) (engine, census, error)
}

// mapObject, listObject and textObject are the containers of a document.
// Scalars are the values that an item of a scalar kind holds.
type mapObject interface {
	get(key string) (item, error)
	all() ([]entry, error) // ascending by key
	len() (int, error)
	put(key string, scalar item) error
	putObject(key string, kind Kind) (item, error)
	increment(key string, by int64) error
	delete(key string) error
}

type listObject interface {
	get(i int) (item, error)
	all() ([]item, error)
	len() (int, error)
	put(i int, scalar item) error
	insert(i int, scalars []item) error
	putObject(i int, insert bool, kind Kind) (item, error)
	increment(i int, by int64) error
	delete(i, n int) error
}

type textObject interface {
	appendTo(b []byte) ([]byte, error)
	len(Unit) (int, error)
	splice(u Unit, pos, del int, insert string) error
}

// item is what stands at a place of a document. Its data is, by kind: bool,
// int64, uint64, float64, string, []byte, time.Time, Counter, mapObject,
// listObject or textObject; nil for the others.
type item struct {
	kind Kind
	data any
}

type entry struct {
	key string
	item
}
