// Package load drives a sync server over WebSocket as many clients at once, and
// measures what it does. Command tools/rivals runs it.
//
// The driver shares the machine with the server, so it is lean: no client of
// it holds a document. All of them live in one process, and a [Server] under
// test sees nothing but their changes. So what a change is needs to be worked
// out only once, when it is made; whoever receives it compares its bytes with
// those that were sent, and counts. What the server is told is the real thing:
// real changes, Automerge's sync messages, answered as a client answers them.
//
// Start from [Sustained], [Paced], [Idle], [Fetch], [Crash], [Heavy] and
// [History]: one function per workload, each with a config whose fields say
// what it does, each returning a [Report]. They work alike against a relay of
// this project and against automerge-repo's JavaScript server. [Ceiling] drives
// an echo server instead: what remains of a relay without documents.
//
// Correctness comes first. A workload ends with every client having every
// change and the same heads as the server, or it fails, with an error that
// says what is missing where, and there is no figure.
//
// A delivery is one edit that has become visible at one receiver, with all that
// it depends on. Its latency runs from just before the change is made to when
// the receiver has it; both are read off the one clock of this process.
package load
