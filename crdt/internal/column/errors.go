package column

// Error says what is wrong with a column's bytes.
type Error string

// The errors of this package.
const (
	ErrShort    Error = "bytes end too early"
	ErrOverlong Error = "number longer than it need be"
	ErrTooLarge Error = "number too large"

	ErrRunOfOne   Error = "a run of one, or of none"
	ErrRunsEqual  Error = "neighbouring runs that should be one"
	ErrNullColumn Error = "a column of nulls only"
	ErrText       Error = "a string that is not UTF-8"
	// ErrLongRun is a run longer than any column may be.
	ErrLongRun Error = "a run too long"

	ErrValueSize Error = "a length that its type can't have"
	ErrValueLeb  Error = "a malformed integer"
	ErrValueText Error = "a value that is not UTF-8"
)

func (e Error) Error() string { return "column: " + string(e) }
