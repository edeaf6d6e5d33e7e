// The current client: automerge-repo 2.5.6 over automerge 3.5.
export { Repo, Presence, decodeHeads } from "@automerge/automerge-repo"
export { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket"
export { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs"
export { next as Automerge } from "@automerge/automerge"

/** find as applications call it: it settles as "ready" or "unavailable". */
export async function find(repo, url) {
  await repo.find(url, { allowableStates: ["ready", "unavailable"] })
  return repo.handles[url.replace("automerge:", "")]
}

export const docOf = handle => handle.doc()

export const hangUp = adapter => adapter.disconnect()
