// Package crdt holds documents: values like JSON that many people change at
// once, offline too, and that merge by themselves.
//
// A [Doc] is one Automerge document, open in memory. Start from [New] or [Load];
// read with [Doc.View], write with [Doc.Change]. A change is durable and reaches
// others only once its bytes do: storing and sending them is not this package's
// affair.
//
// # Values
//
// Maps, lists and texts are objects that keep their identity while they are
// edited; the rest are scalars. [Map.Set] and its like take nil, bool, Go's
// numbers, string, []byte, [time.Time] (to the millisecond), [Counter], a [Value]
// that is a scalar or text, and maps and slices of these, also of named types. A
// string becomes a text, which many can edit letter by letter; an
// [ImmutableString] becomes a plain string. Where a text is already, it is
// edited; where a plain string is, it stays plain; a counter is incremented by
// the difference. Maps, structs and lists are replaced; [Map.Reconcile] edits them.
// Writing what is there already does nothing, but for ending a conflict, see
// [Map.Conflicts]. Integers that JavaScript can't read are refused unless they
// are wrapped in [Int64] or [Uint64].
//
// What two people make of one text at once is mixed: "open" that became "done"
// here and "dropped" there reads as some of both. A status, a URL, a name that is
// chosen, not written, belongs in an ImmutableString: then one of them is shown.
//
// # Structs
//
// [Map.Hydrate] reads a map into a struct, [Map.Reconcile] writes back what has
// changed in it. A field has the name that it has in Go, or one from its tag:
//
//	Title  string            `crdt:"title"`            // a text, edited by letters
//	Status string            `crdt:"status,immutable"` // chosen, not written
//	Votes  crdt.Counter      `crdt:"votes"`            // votes add up
//	Items  []Item            `crdt:"items,key=id"`     // each known by its id
//	Notes  map[string]string `crdt:"notes,omitempty"`  // absent until there is one
//	Boss   *Person           `crdt:"boss,omitempty"`   // nil without omitempty: null
//	Cached int               `crdt:"-"`                // not in the document
//
// Fields of embedded structs count as in encoding/json, but two of one name are an
// error. A collection that omitempty leaves out isn't made, and emptied rather
// than deleted: others may be adding to it. An item of a list with a key that
// comes to another place is written anew there; what others change in it meanwhile
// is lost, and so are its marks. Two who put in the same item make two; one is
// shown. A type may be a [Marshaler].
//
// [Map.Snapshot] is a map encoded, to be read without its document.
//
// # Editors
//
// Positions in a [Text] count code points or what [Positions] says. A [Cursor]
// is a place that moves with the text around it. Marks format a stretch
// ([Text.Mark]); blocks begin paragraphs, headings and the like
// ([Text.SplitBlock]); [Text.Spans] reads both. JavaScript makes and reads the
// same. [Reference] has none of this.
//
// # Newer formats
//
// What this version doesn't know, an operation or a column, shows nothing. The
// document can be read, not written ([Doc.NewerFormat]), and everything is kept
// and given on as it came.
//
// # Use
//
// Every method of a Doc may be called from any goroutine. In the native engine
// many may view a document at the same time. Handles ([Map], [List], [Text], and
// [Value]s of these kinds) belong to the View or Change that they come from, and
// to the goroutine it runs in.
//
// [Doc.Observe] tells what changes, whoever changes it, as patches: what an
// editor applies to its screen. [Doc.Diff] does so between any two times.
//
// # The engine
//
// Documents are held by an engine. There are two, which make the same changes
// and read each other's files: [Native], godwit's own, which is the default, and
// [Reference], automerge-go, which needs cgo. Neither may be shown changes that
// have not passed [change.Parse] and the graph. Some that have can still end the
// process with the reference, if their author means harm: there a document is as
// safe as those who write in it are honest. A Doc of the reference holds memory
// that Go's collector doesn't see, by [Doc.Footprint]: close it.
package crdt
