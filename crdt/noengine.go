//go:build !cgo || android || !(linux || darwin) || !(amd64 || arm64)

package crdt

import "os"

// Available reports whether this program holds a document engine.
func Available() bool { return false }

func newEngine(ActorID) (engine, error) { return nil, ErrNoEngine }

func loadEngine(ActorID, []byte) (engine, error) { return nil, ErrNoEngine }

// Guard runs do. There is no engine that could end the process.
func Guard(_ *os.File, _ []byte, do func() error) error { return do() }
