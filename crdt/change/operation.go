package change

// Action is what an operation does.
type Action uint64

// The actions. Later versions of Automerge may add more.
const (
	ActionMakeMap   Action = 0
	ActionSet       Action = 1
	ActionMakeList  Action = 2
	ActionDelete    Action = 3
	ActionMakeText  Action = 4
	ActionIncrement Action = 5
	ActionMakeTable Action = 6
	ActionMark      Action = 7

	lastAction = ActionMark
)

var (
	errIncrement    = &fault{RuleOperation, "an increment by something else than an integer"}
	errDeleteFields = &fault{RuleOperation, "a delete that inserts, has a value or marks"}
)

// operation verifies what rows of one action may hold besides.
func (k *checker) operation(n int) error {
	kind, _ := splitMeta(k.col[colValueMeta].num)
	switch action := Action(k.col[colAction].num); {
	case action > lastAction:
		k.c.NewerFormat = true
	case action == ActionIncrement && kind != ValueInt && kind != ValueUint:
		return errIncrement
	case action == ActionDelete && (kind != ValueNull || k.insert.value || k.marked()):
		return errDeleteFields
	}
	return k.values(n)
}

// marked reports whether the rows have a mark's fields.
func (k *checker) marked() bool { return k.expand.value || !k.col[colMarkName].null() }
