package document

// ChangeSpan is rows of changes next to each other that differ by steps only.
// Each is Step apart from the one before it.
type ChangeSpan struct {
	Rows       int // ≥ 1
	Actor      int
	Seq        int64
	SeqStep    int64
	MaxOp      int64 // counter of the last operation
	MaxOpStep  int64
	Time       int64
	TimeStep   int64
	HasMessage bool
	Message    []byte
	Deps       int // each change's number of dependencies
	ExtraSize  int // each change's number of extra bytes
}

// Indexes is an arithmetic progression of row numbers.
type Indexes struct {
	Count int
	First int
	Step  int
}

// Change is one row. What it lacks, its first operation, follows from the
// operations; its hash from everything.
type Change struct {
	Actor      int
	Seq, MaxOp uint64
	Time       int64
	HasMessage bool // an empty message isn't the same as none
	Message    string
	Deps       []int // rows, each before this one
	Extra      []byte
}
