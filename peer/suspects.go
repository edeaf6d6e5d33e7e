package peer

import (
	"errors"
	"io"
	"os"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
)

// suspects is a small file, empty as a rule. The reference engine ends the
// process if a document holds something hostile enough, and nothing in the
// process can be done about it; but the document's id goes into this file
// before, so that the next start knows which one it was. It outlives the process
// and needn't outlive the machine, so it is never synced.
type suspects struct {
	engine crdt.Option
	file   *os.File // nil = nothing is noted
}

// maxSuspects bounds how many ids are read; each takes a process's death.
const maxSuspects = 1000

// openSuspects opens the file, and returns the documents of which processes
// have died.
func openSuspects(engine crdt.Option, path string) (*suspects, []crdt.DocumentID, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	var found []crdt.DocumentID
	raw, err := io.ReadAll(io.LimitReader(file, maxSuspects*int64(len(crdt.DocumentID{}))))
	for id := range slices.Chunk(raw, len(crdt.DocumentID{})) {
		if len(id) == len(crdt.DocumentID{}) && !slices.Contains(found, crdt.DocumentID(id)) {
			found = append(found, crdt.DocumentID(id))
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return &suspects{engine, file}, found, nil
}

// clear forgets what was found.
func (s *suspects) clear() error { return s.file.Truncate(0) }

// while runs do, which uses a document's engine.
func (s *suspects) while(id crdt.DocumentID, do func() error) error {
	if s.file == nil {
		return do()
	}
	return crdt.Guard(s.engine, s.file, id[:], do)
}

func (s *suspects) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
