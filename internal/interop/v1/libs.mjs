// The client of 2024, which npm's automerge-repo-sync-server still pins:
// automerge-repo 1.2.1 over automerge 2.2.9.
export { Repo } from "@automerge/automerge-repo"
export { BrowserWebSocketClientAdapter as WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket"
export { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs"
export { next as Automerge } from "@automerge/automerge"

export async function find(repo, url) {
  const handle = repo.find(url)
  await handle.whenReady(["ready", "unavailable"])
  return handle
}

export const docOf = handle => handle.docSync()

/** disconnect in 1.x only says that it leaves; this also goes. */
export function hangUp(adapter) {
  const { socket, remotePeerId } = adapter
  for (const [event, listener] of Object.entries({
    open: adapter.onOpen, close: adapter.onClose, message: adapter.onMessage, error: adapter.onError,
  }))
    socket.removeEventListener(event, listener)
  socket.on?.("error", () => {}) // a socket without listeners would throw
  socket.close()
  adapter.emit("peer-disconnected", { peerId: remotePeerId })
}
