import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket"

/** The server under test, which the Go test has started: host:port. */
export const address = process.env.GODWIT_INTEROP_ADDRESS
if (!address) throw new Error("GODWIT_INTEROP_ADDRESS is not set: run this through go test ./internal/interop")

/** A client's link to the server under test. */
export const adapter = () => new WebSocketClientAdapter(`ws://${address}`, 250)
