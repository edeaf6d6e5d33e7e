package change

import "github.com/godwit-sync/godwit/crdt/internal/column"

// Parse reads one change chunk, of type 1 or 2 and with nothing after it, and
// verifies every rule that its bytes can break. Its errors are of type
// *[InvalidError].
//
// The Change keeps the slice: the caller must not modify it afterwards.
func Parse(chunk []byte) (*Change, error) {
	var cols columns
	c, err := read(chunk, &cols)
	return c.checked(&cols, err)
}

// checked verifies the operations of a change that could be read.
func (c *Change) checked(cols *columns, err error) (*Change, error) {
	if err == nil {
		err = c.checkOps(cols)
	}
	if err != nil {
		return nil, invalid(err, c)
	}
	return c, nil
}

// ReadHeader reads a change chunk that an earlier [Parse] accepted, as a store
// reads back its own: it verifies the hash and the header and counts the
// operations, but doesn't check them again. [Change.Refs] of the result is
// empty. Its errors are of type *[InvalidError].
//
// The Change keeps the slice: the caller must not modify it afterwards.
func ReadHeader(chunk []byte) (*Change, error) {
	var cols columns
	c, err := read(chunk, &cols)
	if err == nil {
		err = c.countOps(&cols)
	}
	if err != nil {
		return nil, invalid(err, c)
	}
	return c, nil
}

// read verifies the frame and reads the header. If it fails, the change holds
// what could be read, or is nil.
func read(b []byte, cols *columns) (*Change, error) {
	chunk, body, hash, err := open(b)
	if err != nil {
		return nil, err
	}
	return readBody(chunk, body, hash, "", cols)
}

// readBody reads the header of a chunk of type 1 that has that hash, and mostly
// that author.
func readBody(chunk []byte, body int, hash Hash, author ActorID, cols *columns) (*Change, error) {
	c := &Change{Hash: hash, chunk: chunk, body: int32(body)}
	r := reader{b: chunk[body:], author: author}
	c.readHeader(&r)
	c.table = int32(len(chunk) - len(r.b))
	cols.read(&r)
	c.extra = int32(len(chunk) - len(cols.extra))
	return c, r.err
}

// countOps counts the rows of one column.
func (c *Change) countOps(cols *columns) error {
	var actions column.Runs
	actions.Init(cols.column(colAction), column.Unsigned)
	c.NewerFormat = cols.unknown
	for !actions.Ended() {
		if err := actions.Load(); err != nil {
			return err
		}
		if actions.Left > MaxOps || c.Ops+uint64(actions.Left) > MaxOps {
			return errManyOps
		}
		c.NewerFormat = c.NewerFormat || !Action(actions.Num).Known()
		c.Ops += uint64(actions.Left)
		actions.Left = 0
	}
	return nil
}

// columns reads the column table again; [read] has found it in order.
func (c *Change) columns() columns {
	var cols columns
	cols.read(&reader{b: c.chunk[c.table:]})
	return cols
}

// Extra returns the bytes after the columns, which have no meaning yet. The
// caller must not modify them.
func (c *Change) Extra() []byte { return c.chunk[c.extra:] }
