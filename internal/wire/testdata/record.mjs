// Records what the real JavaScript packages say to each other.
//
// In an empty folder, with this file copied into it:
//
//   npm install @automerge/automerge-repo@2.5.6 \
//               @automerge/automerge-repo-network-websocket@2.5.6 ws
//   node record.mjs js-2.5.6.json
//
// A server and clients of the packages talk through a proxy that writes down
// every frame, and beside it what cbor-x, the decoder they use, makes of it.
// Bytes are hexadecimal. Ids and times differ from run to run.
import { writeFileSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import { WebSocket, WebSocketServer } from "ws"
import { decode } from "cbor-x"
import { Repo, generateAutomergeUrl } from "@automerge/automerge-repo"
import * as network from "@automerge/automerge-repo-network-websocket"

const ServerAdapter = network.WebSocketServerAdapter ?? network.NodeWSServerAdapter
const ClientAdapter = network.WebSocketClientAdapter ?? network.BrowserWebSocketClientAdapter
const version = name => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version

const frames = []
const has = (type, more = () => true) => frames.some(f => f.message.type === type && more(f.message))

async function until(what, condition) {
  for (let i = 0; i < 400; i++) {
    if (await condition()) return
    await new Promise(r => setTimeout(r, 25))
  }
  throw new Error(`never happened: ${what}`)
}

function plain(v) {
  if (v === undefined) return { $: "undefined" }
  if (v instanceof Uint8Array) return { $: Buffer.from(v).toString("hex") }
  if (Array.isArray(v)) return v.map(plain)
  if (v && typeof v === "object")
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plain(x)]))
  return v
}

function note(from, data) {
  const bytes = new Uint8Array(data)
  frames.push({ from, hex: Buffer.from(bytes).toString("hex"), message: plain(decode(bytes)) })
}

class MemoryStorage {
  data = new Map()
  async load(key) { return this.data.get(key.join("/")) }
  async save(key, value) { this.data.set(key.join("/"), value) }
  async remove(key) { this.data.delete(key.join("/")) }
  async loadRange(prefix) {
    return [...this.data].filter(([k]) => k.startsWith(prefix.join("/")))
      .map(([k, data]) => ({ key: k.split("/"), data }))
  }
  async removeRange(prefix) {
    for (const k of [...this.data.keys()]) if (k.startsWith(prefix.join("/"))) this.data.delete(k)
  }
}

async function listen(onConnection) {
  const http = createServer()
  const wss = new WebSocketServer({ server: http })
  if (onConnection) wss.on("connection", onConnection)
  await new Promise(r => http.listen(0, "127.0.0.1", r))
  return { wss, url: `ws://127.0.0.1:${http.address().port}` }
}

const server = await listen()
new Repo({
  network: [new ServerAdapter(server.wss)],
  storage: new MemoryStorage(),
  peerId: "server",
  sharePolicy: async () => false,
  enableRemoteHeadsGossiping: true,
})

const proxy = await listen(client => {
  const upstream = new WebSocket(server.url)
  const waiting = []
  upstream.on("open", () => waiting.splice(0).forEach(d => upstream.send(d)))
  client.on("message", d => {
    note("client", d)
    upstream.readyState === WebSocket.OPEN ? upstream.send(d) : waiting.push(d)
  })
  upstream.on("message", d => { note("server", d); client.send(d) })
  client.on("close", () => upstream.close())
  upstream.on("close", () => client.close())
})

const client = (peerId, storage) => new Repo({
  network: [new ClientAdapter(proxy.url)],
  storage,
  peerId,
  enableRemoteHeadsGossiping: true,
})

// Alice keeps nothing (her storageId is undefined), Bob has a store.
const alice = client("alice")
const bob = client("bob", new MemoryStorage())
await until("both are greeted", () => frames.filter(f => f.message.type === "peer").length === 2)

const notes = alice.create({ title: "notes", done: 0 })
notes.change(d => { d.title = "notes 🪶" })
await until("the server has it", () => has("sync", m => m.senderId === "alice"))
const theirs = await bob.find(notes.url)
await theirs.whenReady?.()

// What stores have, told to who asks.
alice.subscribeToRemotes([await bob.storageId()])
await until("a subscription", () => has("remote-subscription-change"))
theirs.change(d => { d.done = 7 })
await until("remote heads", () => has("remote-heads-changed"))

// Ephemeral messages, with a payload of every kind.
notes.broadcast({ cursor: 3, at: Date.now(), name: "Ada", nothing: undefined, bytes: new Uint8Array([1, 2]) })
await until("an ephemeral message at both", () => frames.filter(f => f.message.type === "ephemeral").length >= 2)

// A document that nobody has.
Promise.resolve(bob.find(generateAutomergeUrl())).catch(() => {})
await until("doc-unavailable", () => has("doc-unavailable"))

// A client of a future that this server doesn't know.
const { Encoder } = await import("cbor-x")
const future = new WebSocket(proxy.url)
await new Promise(r => future.on("open", r))
future.send(new Encoder({ tagUint8Array: false, useRecords: false }).encode({
  type: "join", senderId: "future", peerMetadata: {}, supportedProtocolVersions: ["99"],
}))
await until("an error", () => has("error"))

const names = ["@automerge/automerge-repo", "@automerge/automerge-repo-network-websocket", "cbor-x"]
writeFileSync(process.argv[2], JSON.stringify({
  recorded: Object.fromEntries(names.map(n => [n, version(n)])),
  frames,
}, null, 1) + "\n")
console.log(Object.entries(Object.groupBy?.(frames, f => f.message.type) ??
  frames.reduce((a, f) => ((a[f.message.type] ??= []).push(f), a), {})).map(([t, f]) => `${f.length} ${t}`).join("\n"))
process.exit(0)
