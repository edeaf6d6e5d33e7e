// Package interop holds the tests in which real JavaScript clients converge
// through a real relay.
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
// The clients are prepared once with "npm ci" in this directory. Without that
// the tests skip and say so; with CI=true or GODWIT_INTEROP=required they fail.
//
// GODWIT_INTEROP_SERVER=js runs the stories against server.mjs, the few lines of
// JavaScript that most people run today. That checks the tests themselves; the
// stories which only a durable relay survives are skipped then. See README.md.
package interop
