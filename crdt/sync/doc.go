// Package sync is Automerge's sync protocol over a graph of change hashes.
//
// Two stores converge by exchanging a [Message] at a time: heads, what is
// needed, a summary of what is there (Bloom filters), and changes. [Decode]
// and [Message.Append] are its binary form, version 1, which every Automerge
// since 2.0 reads; see docs/PROTOCOL.md.
//
// A [State] is one side of one conversation about one document. The owner of
// the document tells it what came with [State.Receive], after the changes of
// the message were made durable or refused, and asks it with [State.Generate]
// what to say, at most once per received message or new change. It answers
// with a [Reply] that names changes by their index in the log; the owner
// fetches their bytes.
//
// The state machine differs from Automerge's own in what it costs and in when
// it is quiet. Where all of a neighbour's heads are known here, what it lacks
// is computed from the graph; a Bloom filter is only for the rest, and never
// decides what an Automerge gets: that sends without waiting for us, and then
// its heads are known. What was sent is remembered as a frontier, not as a set
// of hashes. And after its first answer it speaks only if it has something new
// to say, or changes to acknowledge.
//
// Nothing here is safe for concurrent use: a document has one owner.
package sync
