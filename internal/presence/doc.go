// Package presence is who else is here: what automerge-repo's Presence says
// and hears, and the ephemeral messages that carry it. It does no I/O, has no
// clock and starts nothing.
//
// Start from [Roster], the presence of one document as one peer has it, and
// from [Encode] and [Decode], which turn Go values into the payload of an
// ephemeral message and back, such as JavaScript's handle.broadcast makes and
// reads. A payload that arrives is either a message of the presence protocol
// ([Parse]), which is the roster's, or anything else, which is the app's.
//
// The protocol has four messages: a snapshot of all that a peer shows of itself
// (its state, by channel), an update of one channel, a heartbeat every 15 s
// without either, and a goodbye. Nobody is asked to answer, but whoever hears
// of somebody new shows itself again half a second later. Messages name nobody:
// who is speaking is the sender of the ephemeral message that brought it.
//
// Time is an argument of the methods that need it. It decides nothing about
// data: a peer that has been silent for 45 s is no longer shown, and if it was
// there after all, its next words bring it back.
//
// Nothing that comes from the network makes this package panic or keep more
// than a bounded amount of memory (see the Max constants), whoever sends it.
//
// Encode, Decode and Parse may be called from any goroutine. A Roster belongs
// to one goroutine at a time; what it returns may be passed on.
package presence
