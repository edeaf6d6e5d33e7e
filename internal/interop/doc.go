// Package interop holds the tests in which real JavaScript clients, and Go peers
// among them, converge through a real relay.
//
// Nothing is imported from here. The tests build cmd/godwit-relay, run it as a
// child process over a directory of its own, and connect automerge-repo clients
// from npm to it: each client is a Node process (driver.mjs) that takes
// commands as JSON lines. So every test is a story with a handful of actors,
// told from outside, across real sockets, processes and disks:
//
//	relay := startRelay(t)
//	alice, bob := relay.client("alice"), relay.client("bob")
//	doc := alice.create(object{"title": "Plan"})
//	bob.find(doc)
//	alice.change(doc, put("Plan B", "title"))
//	converge(t, doc, alice, bob)
//
// Go peers take part with the same commands (gopeer_test.go). They run in the
// process of the tests, each over a directory of its own; what they hold is read
// by themselves and, from what they save, by JavaScript, and both must read the
// same.
//
// The clients are prepared once with "npm ci" in this directory. Without that
// the tests skip and say so; with CI=true or GODWIT_INTEROP=required they fail.
//
// GODWIT_INTEROP_SERVER=js runs the stories against server.mjs, the few lines of
// JavaScript that most people run today. That checks the tests themselves; the
// stories which only a durable relay survives are skipped then. Stories with Go
// peers are always told twice, at either server: our peer works with a server
// that isn't ours. See README.md.
package interop
