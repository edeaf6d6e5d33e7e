package crdt

import (
	"os"

	"github.com/godwit-sync/godwit/crdt/change"
)

func init() {
	if os.Getenv("GODWIT_ENGINE") == "reference" {
		standardEngine = referenceEngine
	}
}

// panicking is an engine that panics when it is written to, and must not be
// touched after that: the real one might hold its lock for ever.
type panicking struct {
	engine
	touched func()
}

type panickingMap struct{ mapObject }

// MakePanic lets the document's engine panic on the next write of a scalar into
// the root. Touched is called if it is used again after that.
func (d *Doc) MakePanic(touched func()) { d.engine = panicking{d.engine, touched} }

func (p panicking) root() mapObject { return panickingMap{p.engine.root()} }

func (p panicking) commit(string, int64) (*change.Change, error) { p.touched(); return nil, nil }
func (p panicking) rollback() (bool, error)                      { p.touched(); return true, nil }
func (p panicking) heads() ([]Hash, error)                       { p.touched(); return nil, nil }
func (p panicking) landmarks() ([]Hash, error)                   { p.touched(); return nil, nil }
func (p panicking) changes([]Hash) ([][]byte, error)             { p.touched(); return nil, nil }
func (p panicking) verify() error                                { p.touched(); return nil }
func (p panicking) apply([]*change.Change) error                 { p.touched(); return nil }
func (p panicking) at(ActorID, []Hash) (engine, census, error) {
	p.touched()
	return nil, census{}, nil
}
func (p panicking) save() ([]byte, error) { p.touched(); return nil, nil }

func (panickingMap) put(string, item) (err error) {
	defer rescue(&err)
	panic("a lock is held")
}
