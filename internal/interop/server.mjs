// A plain JavaScript sync server: the reference that the tests themselves are
// checked against. The same few lines as npm's automerge-repo-sync-server, on
// the current libraries and bound to loopback.
//
//   node server.mjs '{"port": 3030, "data": "/some/dir"}'
import { createServer } from "node:http"
import { Repo } from "@automerge/automerge-repo"
import { NodeWSServerAdapter } from "@automerge/automerge-repo-network-websocket"
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs"
import { WebSocketServer } from "ws"

const { port, data } = JSON.parse(process.argv[2])
const sockets = new WebSocketServer({ noServer: true })
const repo = new Repo({
  network: [new NodeWSServerAdapter(sockets)],
  storage: new NodeFSStorageAdapter(data),
  peerId: "js-sync-server",
  sharePolicy: async () => false,
})

const server = createServer((_, response) => response.end("js sync server is running\n"))
server.on("upgrade", (request, socket, head) =>
  sockets.handleUpgrade(request, socket, head, ws => sockets.emit("connection", ws, request)),
)
server.listen(port, "127.0.0.1", () => console.log(`listening on 127.0.0.1:${server.address().port}`))
process.on("SIGTERM", () => repo.flush().then(() => process.exit(0)))
