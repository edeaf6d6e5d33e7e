// Package replicatest models a client of automerge-repo's protocol, for tests
// of what it talks with. A [Client] has one document, which it edits, and makes
// and takes sync messages. It keeps no store and opens no socket.
//
// A Client belongs to one goroutine at a time.
package replicatest
