package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/godwit-sync/godwit/crdt"
)

// suspects is a small file that names the documents which are being taken in
// at this moment. The reference engine ends the process if a change is hostile
// enough, and nothing in the process can be done about it; what the file holds
// then tells the next start which document it was. It outlives the process and
// needn't outlive the machine, so it is never synced.
type suspects struct {
	file  *os.File
	slots chan int // those that are free; nil = there is no file
	taken []int    // those with what was found
}

const (
	maxSuspects = 16
	slotSize    = 16 + 4
)

func noSuspects() *suspects { return &suspects{} }

// openSuspects opens the file, and returns what a process that died has left
// in it.
func openSuspects(path string) (*suspects, []crdt.DocumentID, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxSuspects*slotSize))
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	raw = append(raw, make([]byte, maxSuspects*slotSize-len(raw))...)
	s := &suspects{file: file, slots: make(chan int, maxSuspects)}
	var found []crdt.DocumentID
	for slot := range maxSuspects {
		row := raw[slot*slotSize:][:slotSize]
		id := crdt.DocumentID(row[:16])
		if id == (crdt.DocumentID{}) || binary.BigEndian.Uint32(row[16:]) != crc32.ChecksumIEEE(id[:]) {
			s.slots <- slot
			continue
		}
		found = append(found, id)
		s.taken = append(s.taken, slot)
	}
	return s, found, nil
}

// clear forgets what was found. It also makes sure that the file has the room
// that it needs: a full disk must not keep anybody from reading.
func (s *suspects) clear() error {
	_, err := s.file.WriteAt(make([]byte, maxSuspects*slotSize), 0)
	for _, slot := range s.taken {
		s.slots <- slot
	}
	s.taken = nil
	return err
}

// while runs do, which takes in a document's changes; marked says whether any
// of them has not been taken in before.
func (s *suspects) while(id crdt.DocumentID, marked bool, do func() error) (err error) {
	if s.slots == nil || !marked {
		return do()
	}
	slot := <-s.slots
	defer func() { s.slots <- slot }()
	row := binary.BigEndian.AppendUint32(id[:], crc32.ChecksumIEEE(id[:]))
	if _, err := s.file.WriteAt(row, int64(slot*slotSize)); err != nil {
		return fmt.Errorf("note what is being taken in: %w", err)
	}
	defer func() { // a panic that somebody catches is no death
		_, unmark := s.file.WriteAt(make([]byte, slotSize), int64(slot*slotSize))
		err = errors.Join(err, unmark)
	}()
	return do()
}

func (s *suspects) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
