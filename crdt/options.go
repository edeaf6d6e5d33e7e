package crdt

import "github.com/godwit-sync/godwit/crdt/internal/document"

// Option is an option of [New] and [Load].
type Option func(engines) engines

// engines make the engine of a document.
type engines struct {
	engineKind
	unit Unit // of positions in texts
}

// engineKind is what one of the engines is.
type engineKind struct {
	make func(ActorID) (engine, error)
	load func(ActorID, *document.Document) (engine, error)
	// own is set of godwit's: many may read it at once, its positions count any
	// unit, it reads newer formats, and nothing that it is shown ends the process.
	own bool
}

var (
	nativeEngine    = engineKind{newNative, loadNative, true}
	referenceEngine = engineKind{newReference, loadReference, false}
	standardEngine  = nativeEngine // but for tests of the other one
)

// Native opens the document in godwit's own engine, which is written in Go. It
// is the default.
func Native() Option {
	return func(e engines) engines {
		e.engineKind = nativeEngine
		return e
	}
}

// Reference opens the document in automerge-go. In a program that was built
// without it, [New] and [Load] return [ErrNoReference].
func Reference() Option {
	return func(e engines) engines {
		e.engineKind = referenceEngine
		return e
	}
}

// set makes the engines what options say.
func (e *engines) set(opts []Option) {
	e.engineKind = standardEngine
	for _, opt := range opts {
		if opt != nil {
			*e = opt(*e)
		}
	}
}
