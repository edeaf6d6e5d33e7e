// Package peer is what an app embeds: documents that live in a directory of
// its own, can be changed offline, and meet those of others through a relay.
//
// Start from [Open] and [Document]:
//
//	p, err := peer.Open(peer.Config{Path: "data", Relay: "ws://127.0.0.1:3030"})
//	defer p.Close()
//	go p.Run(ctx) // keeps the link to the relay; everything else works without
//
//	doc, err := p.Create(ctx, func(root crdt.Map) error { return root.Set("title", "Notes") })
//	err = doc.Change(ctx, func(root crdt.Map) error { return root.Set("done", true) })
//	same, err := p.Find(ctx, doc.ID()) // here, or at any other peer
//
// [Document.Change] returns when the change is on disk. It is sent when there
// is a link; [Document.Status] tells whether the relay has it. What others
// change arrives by itself: [Document.Watch] tells of it, and the next
// [Document.View] or Change sees it. [Document.Changes] lists what has happened,
// [Document.ViewAt] shows what was, [Document.Diff] what is different.
//
// Every method may be called from any goroutine, also while [Peer.Close] runs:
// what comes too late gets [ErrClosed]. Functions given to View and Change run
// while the document is locked, so they must neither use the same document again,
// except by what they are given, nor close the peer.
//
// # Collections
//
// A [Collection] is documents that are records: values of a Go type, found by what
// is in them. [CollectionOf] returns one:
//
//	employees, err := peer.CollectionOf[Employee](p, "acme/employees", peer.Index("Department", "Name"))
//	id, err := employees.Create(ctx, Employee{Name: "Ada", Title: "Engineer"})
//	err = employees.Update(ctx, id, func(e *Employee) error { e.Title = "CTO"; return nil })
//	for e, err := range employees.Find(ctx, peer.Where("Department").Is("R&D").OrderBy("Name").Limit(50)) { … }
//
// [Peer.Commit] writes several records at once, of several collections;
// [Records.CreateAll] imports any number.
// [Records.Watch] tells what happens to records, [Records.Live] what becomes of a
// query's result, [Records.Changes] what has changed while one was away. Reads don't
// open documents: what a record says is kept beside its history, and written in the
// same commit, whoever made the change.
//
// While [Peer.Run] runs, all records of a collection come from the relay and go
// there by themselves; of plain documents only those that somebody has looked for
// do. [Records.Status] tells how far one is, [Records.Pending] what the relay
// doesn't have yet, [Peer.Link] how far all is. [Peer.Sync] returns when everything
// is there that was here, and the other way around, also with [Records.Push] and
// [Records.Pull] in one direction alone; without Run they go online for as long as
// that takes. [Manual] leaves it at these, [LocalOnly]
// keeps a collection here, and [Records.Unsubscribe] stops following it.
//
// People who change different fields of a record, different items of a list, or
// different letters of a text both keep what they have written. Where they set the
// same field, one value is shown and [Records.Conflicts] has all: people choose
// ([Records.ResolveConflict]), or a [Resolver] does, which [Resolve], [ResolveField]
// and [ResolveWith] give to a collection. If one edits what another deletes,
// [EditWins] and [DeleteWins] say what becomes of it.
//
// Five ways in which apps used to be taken offline are tested examples here, without
// their faults: asking for what has changed since the last sync
// (recipe_lastsync_test.go), local storage first with a flag per record
// (recipe_localfirst_test.go), an outbox (recipe_outbox_test.go), conflict handlers
// (recipe_syncall_test.go), and full or incremental, push or pull, by itself or by
// hand, or local only (recipe_modes_test.go).
//
// # Queries
//
// A [Query] begins with [Where], or is the zero value, which asks for all. Its
// methods return another query:
//
//	Where(field), And(field)        a condition on one field, and on one more
//	  .Is(v), IsNot(v), In(v, …)    equal; Is(nil) is Missing
//	  .Above(v), AtLeast(v)         numbers, times, bytes or strings beyond a bound
//	  .Below(v), AtMost(v)
//	  .Between(low, high)           both included
//	  .Prefix(s)                    strings that begin with s
//	  .Contains(v)                  lists with this element, strings with this part
//	  .Exists(), Missing()          holds something, or null or nothing
//	.OrderBy(fields…)               ascending; then OrderByDesc(fields…)
//	.Reverse()                      the whole order the other way around
//	.Limit(n)                       at most n records
//	.After(cursor)                  the next page: behind [Record.Cursor]
//
// A field is a key of the record; "Address.City" leads into a map, and a dot in a
// key is written `\.`. Numbers of all kinds are compared exactly: 1 is 1.0. Texts are
// strings. An order puts nothing before false, then true, numbers, times, bytes,
// strings, lists and maps; without OrderBy it is what suits the index. With or without
// an index a query finds the same: [Index] makes it fast, [Records.Explain] says how.
//
// # If the type changes
//
// A directory has records that other versions of the program have written, and so have
// others. What a T doesn't name stays in the record, unseen. What a record doesn't have
// is zero in a T, and a field that has another name is another one. Where a field holds
// something else than T says, text where an int should be, [Records.Get] reads the rest
// and returns [ErrInvalid], [Records.Find] says so in [Record.Err], and [Records.Update]
// leaves it as it is unless the function makes it something. To move to another type,
// give the field another name, read both, and write the new one.
//
// A map, a list, a text or a counter that is added later, or that omitempty left out,
// comes into being where it is first filled. If two fill it before either knows of the
// other there are two of them: one whole is shown, the other is a conflict, and nothing
// is merged field by field. Let one peer fill it in all records, if that may happen.
//
// # One directory, one life
//
// Whoever makes a change signs it as an actor with a number. The same number
// used twice, for different changes, is the one mistake that nobody can repair.
// So every life of a directory has actors of its own, another one in each
// document. A directory that was copied or restored from a backup begins a new
// life when it is opened, if the system lets it see that; [Config.Renew] says so
// where it can't.
//
// A directory that went back in time unseen, such as a snapshot of a whole disk,
// gets what it has lost back from the relay, notices by that, and begins a new
// life then. What is written before it has met the relay may have a signature
// that is taken: then each side keeps its own, here and at the relay. The
// document becomes [Refused], and so is what is written in it later; it can still
// be read. To go on, read what is worth keeping, [Peer.Forget] the document, find
// it again and write that anew. Other documents don't suffer.
//
// # What the relay sees
//
// A peer trusts its relay with the order of arrival and with nothing else: what
// comes from there is checked like what comes from anybody. A change that breaks
// a rule is refused and named by an [Event]; see docs/PROTOCOL.md. With automerge-go
// (see [Config.Engine]), one that breaks none may still end the process while its
// document is opened: the next start sets that document aside, with [ErrSetAside],
// and goes on with the others.
//
// Memory: documents are opened when they are looked at and closed again when
// those that are open take more than [Config.OpenBytes].
package peer
