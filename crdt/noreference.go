//go:build !cgo || android || !(linux || darwin) || !(amd64 || arm64)

package crdt

import (
	"os"

	"github.com/godwit-sync/godwit/crdt/internal/document"
)

func newReference(ActorID) (engine, error) { return nil, ErrNoReference }

func loadReference(ActorID, *document.Document) (engine, error) { return nil, ErrNoReference }

// Guard runs do. The native engine doesn't end the process.
func Guard(_ Option, _ *os.File, _ []byte, do func() error) error { return do() }
