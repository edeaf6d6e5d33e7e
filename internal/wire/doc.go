// Package wire turns bytes into messages and back: automerge-repo's network
// protocol, one CBOR map per binary WebSocket frame, plus what godwit adds to
// it. It does no I/O and keeps no state.
//
// Start from [Decode] and [Append]; a [Message] is one of the struct types of
// this package, held by value.
//
// It reads tolerantly, since JavaScript, Rust and Go write the same message
// differently: undefined and null stand for a missing field, integers may come
// as floats, byte strings tagged, maps with indefinite length, and unknown keys
// are ignored. It writes strictly: definite maps, no null, no 8-byte integers
// (JavaScript would read them as BigInt and throw), a storage id only if there
// is one.
//
// Nothing that [Decode] is given can make it panic or allocate more than a
// small multiple of the frame. What it returns has been checked for shape, not
// for meaning: who sent a message is the connection's business, and what its
// data says is crdt/sync's.
//
// All functions may be called from any goroutine.
package wire
