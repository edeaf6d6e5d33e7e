package crdt

import "github.com/godwit-sync/godwit/crdt/internal/document"

// Option is an option of [New] and [Load].
type Option func(*engines)

// engines make the engine of a document.
type engines struct {
	make func(ActorID) (engine, error)
	load func(ActorID, *document.Document) (engine, error)
	// readers is set if many may read at once.
	readers bool
}

// Native opens the document in godwit's own engine, which is written in Go. It
// is the default of a program that doesn't hold automerge-go.
func Native() Option { return func(e *engines) { *e = engines{newNative, loadNative, true} } }

// Reference opens the document in automerge-go. It is the default of a program
// that holds it, for now; in others [New] and [Load] return [ErrNoReference].
func Reference() Option { return func(e *engines) { *e = engines{newReference, loadReference, false} } }

func enginesOf(opts []Option) engines {
	var e engines
	if hasReference {
		Reference()(&e)
	} else {
		Native()(&e)
	}
	for _, opt := range opts {
		if opt != nil {
			opt(&e)
		}
	}
	return e
}
