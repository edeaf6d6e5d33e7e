import type { DocumentId, PeerId, Repo, StorageId } from "@automerge/automerge-repo/slim"
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket"

/** How long a relay that owes us an answer may be silent, at first; in ms. */
const patience = 10_000

/**
 * The connection to the relay. Fires "change" when it comes or goes, and
 * "heard" when the relay has said something about a document.
 *
 * The adapter reconnects whenever its socket closes. But a socket whose network
 * has gone may stay open for many minutes, silently; those are given up here.
 */
export class Link extends EventTarget {
  /** The relay, while there is a connection. Its storage id names its store. */
  relay?: { peerId: PeerId; storageId?: StorageId }
  /** Whether the first connection has come about, or been given up for now. */
  tried = false
  patience = patience
  #repo: Repo
  #url: string
  #adapter: WebSocketClientAdapter
  #heard = 0

  constructor(repo: Repo, url: string) {
    super()
    this.#repo = repo
    this.#url = url
    const network = repo.networkSubsystem
    network.on("peer", ({ peerId, peerMetadata }) => this.#became({ peerId, storageId: peerMetadata?.storageId }))
    network.on("peer-disconnected", () => this.#became(undefined))
    network.on("message", message => {
      this.#heard++
      if ("documentId" in message) this.dispatchEvent(new HeardEvent(message.documentId, message.type))
    })
    // Whatever the browser noticed, the old socket's network isn't this one.
    for (const event of ["online", "offline"]) addEventListener(event, () => this.renew())
    this.#adapter = this.#connect()
    void network.whenReady().then(() => this.#became(this.relay)) // at the latest after a second
    setInterval(() => this.relay || this.renew(), 2 * patience) // open, but nobody greets us
  }

  /**
   * What has got through, so far: two equal answers mean that nothing did in
   * between.
   */
  trace(): string {
    return `${this.#heard} heard, ${this.#adapter.socket?.bufferedAmount} to send`
  }

  /** Gives up the socket, for a new one, unless the adapter is at it already. */
  renew() {
    if (this.#adapter.socket?.readyState !== WebSocket.OPEN) return
    this.patience *= 2 // a slow network needs time, not more connections
    this.#repo.networkSubsystem.removeNetworkAdapter(this.#adapter)
    this.#adapter = this.#connect()
  }

  /** To be called when the relay has got something new from us. */
  gotThrough() {
    this.patience = patience
  }

  #connect() {
    const adapter = new WebSocketClientAdapter(this.#url, 3000)
    this.#repo.networkSubsystem.addNetworkAdapter(adapter)
    return adapter
  }

  #became(relay: Link["relay"]) {
    this.tried = true
    this.relay = relay
    this.dispatchEvent(new Event("change"))
  }
}

export class HeardEvent extends Event {
  constructor(
    readonly documentId: DocumentId,
    readonly about: string,
  ) {
    super("heard")
  }
}
