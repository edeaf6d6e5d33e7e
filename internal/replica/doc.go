// Package replica is the core of the sync protocol that relays and peers
// share. It does no I/O and has no goroutines, locks, clocks or randomness:
// an owner tells it what happened and does what it says.
//
// A [Greeting] is the server's side of a connection's beginning, and a [Gate]
// decides about every later frame: whose it is, where it goes, or why the
// connection must end. An [Introduction] and a [JoinedGate] are the client's.
//
// A [Document] holds the conversations about one document. [Document.Step]
// takes an [Event] (a message came, an append is durable, a socket is free)
// and appends to an [Effects] what is to be done: load the graph, append
// changes, note that neighbours are owed something, send. Four rules are kept
// here:
//
//   - What a neighbour sent is heard only after its changes are durable or
//     refused, so nothing is acknowledged or forwarded before.
//   - Nothing is queued towards a neighbour. It is owed a message, and what
//     that says is made up when its socket is free: a slow one costs no memory,
//     and gets many changes in one message when it comes round.
//   - "Unavailable" is the last word to many clients. It is not said while the
//     document may be about to turn up, as long as the owner lets them wait.
//   - A step's work is bounded. A message of 100,000 changes is taken in
//     slices, each durable before the next, with other events in between.
//
// A peer's document does more than a relay's: its own changes come with [Made]
// and are staged, stored and sent like any others; it begins conversations with
// [Engaged]; and it says with [Standing] how far it has come with its server.
// Changes of several documents that are to be durable together come with [Joint]:
// each document stages its share and waits for the others, and can take it back as
// if it had never been. What comes outside of a conversation is [Offered].
//
// An [Announcer] tells of a collection's documents, and a [Listener] takes them, each
// for one subscription; docs/PROTOCOL.md, "Collections", says how they speak. What the
// listener answers, and the cursor that it keeps, never run ahead of what is durable.
//
// A Document belongs to one goroutine at a time.
package replica
