// Package hub drives the protocol core: it gives [replica.Document] its
// sockets, its store and its goroutines. Relays and peers share it.
//
// A [Hub] has a table of documents in use and one session per connection.
// [Hub.Serve] runs a session: it reads frames and steps the documents they
// are about. A document's state machine is guarded by one lock, held for one
// bounded step at a time, never during I/O.
//
// A peer has a [Keeper] and does three things more. [Hub.Append] makes changes of
// its own durable; [Hub.Join] runs a session from the client's end, about the
// documents that its [Link] is told to [Link.Engage]; and [Hub.Purge] forgets a
// document. The changes of one document that several goroutines append go in as
// they come: whoever makes them on top of each other must append them in order.
//
// [Hub.AppendAll] makes changes of several documents durable at once, or none of
// them. [Hub.Bring] takes in what a neighbour brought without a conversation about
// the document. What a [Viewer] derives from changes is durable with them.
//
// Towards a neighbour there is no queue of messages but a set of documents
// that owe it one. A goroutine per connection, alive only while that set is
// not empty, takes them in turn, lets each make up its message when the socket
// is free, and writes it. Only ephemeral messages are queued, a few of them.
//
// Collections are announced beside that, if the store is a [Catalog]: to whoever
// subscribes at a relay, and by a peer that calls [Link.Subscribe] and [Link.Offer].
// An append wakes those who are told of its collection. A goroutine per connection,
// alive only while there is something to announce, reads the store for one page at a
// time, and the writer takes it in turn with documents, so that a document that is
// open waits for a page at most.
//
// A session ends in this order: somebody finds a reason, the connection is
// closed, reader and writer return, its conversations end. What it brought
// before is stored all the same. [Hub.Close] waits for all of that.
//
// Memory is a budget. Graphs of documents that nobody has touched lately are
// dropped when all graphs together exceed theirs, and read again when
// needed. What one connection may have under way is bounded, after which its
// frames are not read; so is what is remembered of what it said. While many
// long messages are being written to slow readers, others get short ones.
//
// All methods of [Hub] may be called from any goroutine.
package hub
