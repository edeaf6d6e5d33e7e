package crdt

import "github.com/godwit-sync/godwit/crdt/internal/document"

// Option is an option of [New] and [Load].
type Option func(*engines)

// engines make the engine of a document.
type engines struct {
	engineKind
	unit Unit // of positions in texts
}

// engineKind is what one of the engines is.
type engineKind struct {
	make func(ActorID) (engine, error)
	load func(ActorID, *document.Document) (engine, error)
	// readers is set if many may read at once.
	readers bool
	// anyUnit is set if positions may count other units than code points.
	anyUnit bool
}

// Native opens the document in godwit's own engine, which is written in Go. It
// is the default of a program that doesn't hold automerge-go.
func Native() Option {
	return func(e *engines) { e.engineKind = engineKind{newNative, loadNative, true, true} }
}

// Reference opens the document in automerge-go. It is the default of a program
// that holds it, for now; in others [New] and [Load] return [ErrNoReference].
func Reference() Option {
	return func(e *engines) { e.engineKind = engineKind{newReference, loadReference, false, false} }
}

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
