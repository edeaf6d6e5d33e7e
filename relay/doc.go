// Package relay is a server through which peers sync their documents: Go peers,
// and browsers or Node with the unmodified automerge-repo packages.
//
// [New] makes a [Relay] over a store. [Serve] serves it on a listener of its
// own until a context ends. To have it beside other things, use it as the
// [net/http.Handler] that it is, and keep [Relay.Run] running: when its context
// ends, Run says goodbye to everybody and returns once all that was under way
// is settled.
//
// # Where it answers
//
// It upgrades WebSockets at whatever path they come to, so that every client's
// URL works, also behind a proxy that passes a prefix on. To others it shows a
// status page at "/", its health at "/healthz" (200 if the store can be written
// and read, else 503 and a word that says why) and Prometheus metrics at
// "/metrics". Below a prefix, strip it, and mount it twice, since a WebSocket
// client follows no redirect:
//
//	h := http.StripPrefix("/sync", r)
//	mux.Handle("/sync", h)
//	mux.Handle("/sync/", h)
//
// # Behind a proxy
//
// The proxy must pass on the Upgrade, Connection, Host and Origin headers, and
// not cut connections that are idle for less than the five seconds between two
// pings. It speaks HTTP/1.1 to the relay. It should keep "/metrics" and the
// status page to itself if they are nobody else's business.
//
// A page may connect if its origin is the host that it asked for, or this
// machine, or one of [Config].AllowOrigins. The first doesn't hold for what
// comes over loopback, where a name proves nothing: behind a proxy on the same
// machine, pages of the public host need AllowOrigins. Requests without an origin don't
// come from pages and are let in. There is no access control yet: whoever
// reaches a relay may read and write every document whose id they know, and
// end another's connection by calling themselves the same.
//
// # What it promises
//
// What is acknowledged is durable, and nothing is forwarded before it is. No
// peer, however slow or hostile, costs the others more than a bounded amount of
// memory and time. A relay never looks into a document: it keeps changes and
// their graph, so it can't be harmed by what they say.
//
// All functions and methods may be called from any goroutine.
package relay
