package peer

// mode says what of a collection travels by itself. It is kept in its row.
type mode uint8

const (
	manualPush mode = 1 << iota // what is written here waits for Push
	manualPull                  // what others have written waits for Pull
	localOnly                   // nothing ever travels
)

func (m mode) is(other mode) bool { return m&other != 0 }

// Automatic has a collection follow the relay, and the relay follow it, whenever
// there is a link. That is the rule until something else is said; it ends what
// [Manual] and the like said when the collection was last asked for.
func Automatic() CollectionOption {
	return func(o *collectionOptions) { o.mode = new(mode) }
}

// ManualPush keeps what is written here until [Records.Push] or [Records.Sync].
// What others write still comes by itself.
//
// What is said of these matters stays, until a later call of [CollectionOf] says
// something else of them: [Automatic], ManualPush, [ManualPull], both of these, or
// [LocalOnly]. It holds from then on, also for records that are here already.
func ManualPush() CollectionOption { return inMode(manualPush) }

// ManualPull has what others write come with [Records.Pull] or [Records.Sync]
// only. What is written here still goes by itself.
func ManualPull() CollectionOption { return inMode(manualPull) }

// Manual is both [ManualPush] and [ManualPull]. At a server that doesn't speak of
// collections either of them is: there a record is talked about in both directions
// or not at all.
func Manual() CollectionOption { return inMode(manualPush | manualPull) }

// LocalOnly keeps a collection's records at this peer: they are neither offered nor
// talked about, and none are taken.
func LocalOnly() CollectionOption { return inMode(localOnly) }

func inMode(m mode) CollectionOption {
	return func(o *collectionOptions) {
		if o.mode == nil {
			o.mode = new(mode)
		}
		*o.mode |= m
	}
}
