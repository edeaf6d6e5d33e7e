package column

// Flips reads a column of booleans: the lengths of alternating runs, of which
// the first is false and may be empty. It is used as [Runs] is.
type Flips struct {
	rest []byte
	// Left is the number of rows, from the current one, that share its Value.
	Left    int
	Value   bool
	absent  bool
	started bool
	some    bool // a true was seen
}

// Init begins a column; the Flips must be zero. Without data the column is
// absent: false in every row.
func (f *Flips) Init(data []byte) {
	f.rest = data
	if len(data) == 0 {
		f.Left, f.absent = Endless, true
	}
}

// Absent reports whether there is no such column.
func (f *Flips) Absent() bool { return f.absent }

// Some reports whether a true has been read.
func (f *Flips) Some() bool { return f.some }

// Load makes Left positive, unless the column has ended.
func (f *Flips) Load() error {
	if f.Left > 0 {
		return nil
	}
	return f.load()
}

func (f *Flips) load() error {
	for f.Left == 0 && len(f.rest) > 0 {
		length, n, err := Uleb(f.rest)
		if err != nil {
			return err
		}
		f.rest = f.rest[n:]
		if length == 0 && (f.started || len(f.rest) == 0) {
			return ErrRunOfOne
		}
		if length > Endless {
			return ErrLongRun
		}
		f.Value = f.started && !f.Value
		f.Left, f.started, f.some = int(length), true, f.some || f.Value
	}
	return nil
}

// Ended reports whether the column has no more rows.
func (f *Flips) Ended() bool {
	return f.absent || f.Left == 0 && len(f.rest) == 0
}
