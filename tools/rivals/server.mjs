// The JavaScript sync server: what npm's automerge-repo-sync-server does, on
// the current libraries, and bound to loopback.
//
//   node server.mjs PORT DIRECTORY
import { createServer } from "node:http"
import { Repo } from "@automerge/automerge-repo"
import { NodeWSServerAdapter } from "@automerge/automerge-repo-network-websocket"
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs"
import { WebSocketServer } from "ws"

const [port, directory] = process.argv.slice(2)
const sockets = new WebSocketServer({ noServer: true })
new Repo({
  network: [new NodeWSServerAdapter(sockets)],
  storage: new NodeFSStorageAdapter(directory),
  peerId: "storage-server-rival",
  sharePolicy: async () => false,
})

const server = createServer((_, response) => response.end("ok\n"))
server.on("upgrade", (request, socket, head) =>
  sockets.handleUpgrade(request, socket, head, ws => sockets.emit("connection", ws, request)),
)
server.listen(Number(port), "127.0.0.1")
