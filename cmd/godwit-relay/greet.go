package main

import (
	"fmt"
	"io"
	"net"

	"github.com/godwit-sync/godwit/relay"
)

// greet tells a person what runs and what to try next. The first line is for
// scripts, too: it ends with the address.
func greet(w io.Writer, addr net.Addr, data string) {
	host := reachable(addr)
	//nolint:errcheck // nobody reads it
	fmt.Fprintf(w, `godwit-relay %s listens on http://%s
Data is kept in %s

Connect from JavaScript:
  import { Repo } from "@automerge/automerge-repo"
  import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket"
  const repo = new Repo({ network: [new WebSocketClientAdapter("ws://%[2]s")] })

Open http://%[2]s to see what it does. Ctrl-C stops it.
`, relay.Version(), host, data)
}

// reachable returns where this machine reaches an address, which may stand for
// all of its addresses.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("localhost", fmt.Sprint(tcp.Port))
}
