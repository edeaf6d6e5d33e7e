// Package relay is a server through which peers sync their documents: Go peers,
// and browsers or Node with the unmodified automerge-repo packages.
//
// A [Relay] is an [http.Handler]. It upgrades WebSockets, and shows a status
// page at "/", its health at "/healthz" and Prometheus metrics at "/metrics".
// Mount it where you like, and keep [Relay.Run] running: when its context
// ends, it says goodbye to everybody and returns once all that was under way
// is settled. [Serve] does both for a relay that has a listener of its own.
//
//	store, err := storage.Open("data", storage.Options{})
//	r, err := relay.New(relay.Config{Store: store})
//	err = relay.Serve(ctx, listener, r)
//	err = store.Close()
//
// The promise: what is acknowledged is durable; nothing is forwarded before it
// is; and no peer, however slow or hostile, costs the others more than a
// bounded amount of memory and time. A relay never looks into a document: it
// keeps changes and their graph, so it can't be harmed by what they say. It
// has no access control yet: whoever reaches it may read and write every
// document whose id they know.
//
// All methods may be called from any goroutine.
package relay
