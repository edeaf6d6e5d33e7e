//go:build !cgo || android || !(linux || darwin) || !(amd64 || arm64)

package crdt

// Available reports whether this program holds a document engine.
func Available() bool { return false }

func newEngine(ActorID) (engine, error) { return nil, ErrNoEngine }

func loadEngine(ActorID, []byte) (engine, error) { return nil, ErrNoEngine }
