// The real JavaScript presence, for the tests of this package: a repo of
// automerge-repo with one document, whose network is this process's standard
// input and output, one JSON object a line. Run by peer_test.go in the
// directory where the packages are installed.
import { createInterface } from "node:readline"
import { readFileSync } from "node:fs"
import { NetworkAdapter, Presence, Repo } from "@automerge/automerge-repo"

const emit = (event, fields) => process.stdout.write(JSON.stringify({ event, ...fields }) + "\n")
const hex = bytes => Buffer.from(bytes).toString("hex")
const version = name => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version

/** What JSON has no word for becomes {$: type, is: …}. */
function plain(v) {
  if (v === undefined) return { $: "undefined" }
  if (typeof v === "bigint") return { $: "bigint", is: String(v) }
  if (typeof v === "number" && !Number.isFinite(v)) return { $: "number", is: String(v) }
  if (v instanceof Date) return { $: "date", is: v.toISOString() }
  if (v instanceof Uint8Array) return { $: "bytes", is: hex(v) }
  if (Array.isArray(v)) return v.map(plain)
  if (v && typeof v === "object") {
    if (v.constructor !== Object) return { $: v.constructor.name }
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plain(x)]))
  }
  return v
}

/** Values that applications broadcast, by the names that the tests use. */
const samples = {
  "null": null,
  "undefined": undefined,
  "bools": [true, false],
  "small integers": [0, 23, 24, 255, 256, 65535, 65536, 4294967295, -1, -24, -25, -256, -257, -65537, -2147483648, -4294967296],
  "large integers": [4294967296, 1700000000000, 2 ** 53, -(2 ** 53), -4294967297],
  "beyond integers": [2 ** 53 * 2, 1e300, 0.5, -0.25],
  "no numbers": [NaN, Infinity, -Infinity],
  "minus zero": -0,
  "bigints": [5n, -5n, 2n ** 63n - 1n, 2n ** 64n],
  "strings": ["", "Ada", "naïve 🪶 语", "x".repeat(300)],
  "half an emoji": "a🪶".slice(0, 2),
  "bytes": new Uint8Array([0, 1, 255]),
  "array buffer": new Uint8Array([7, 8]).buffer,
  "typed array": new Uint16Array([1, 2]),
  "dates": [new Date("2024-02-29T12:34:56.789Z"), new Date("2024-02-29T12:34:56Z"), new Date("1969-07-20T20:17:40.250Z"), new Date("2345-06-07T00:00:00Z")],
  "no date": new Date(NaN),
  "nested": { cursor: { anchor: 3, head: 9 }, list: [1, [2, { three: [] }]], nothing: undefined, none: null, "": {} },
  "keys": { 1: "one", "naïve": 2, type: 3, __presence_: 4 },
  "set": new Set([1, "two"]),
  "map": new Map([["one", 1], [2, "two"]]),
  "error": new Error("no"),
  "many": Array.from({ length: 5000 }, (_, i) => i),
}

class Lines extends NetworkAdapter {
  isReady() { return true }
  async whenReady() {}
  connect(peerId, peerMetadata) {
    this.peerId = peerId
    this.emit("peer-candidate", { peerId: "relay", peerMetadata: {} })
  }
  send(message) {
    if (message.type === "sync") engaged()
    if (message.type !== "ephemeral" || message.senderId !== this.peerId) return // or an echo
    emit("said", { peer: message.senderId, session: message.sessionId, count: message.count, data: hex(message.data) })
  }
  disconnect() {}
}

let engaged
const isEngaged = new Promise(resolve => (engaged = resolve))
const adapter = new Lines()
const repo = new Repo({ peerId: "js", network: [adapter] })
const handle = repo.create({ title: "room" })
await isEngaged

handle.on("ephemeral-message", ({ senderId, message }) => emit("heard", { peer: senderId, message: plain(message) }))
const presence = new Presence({ handle })
for (const kind of ["snapshot", "update", "heartbeat", "goodbye"])
  presence.on(kind, e => emit(kind, { peer: e.peerId, channel: e.channel, value: plain(e.value), state: plain(e.state) }))
presence.on("pruning", ({ pruned }) => pruned.forEach(peer => emit("pruned", { peer })))

const commands = {
  hear: ({ peer, session, count, data }) => adapter.emit("message", {
    type: "ephemeral", senderId: peer, targetId: "js", documentId: handle.documentId,
    sessionId: session, count, data: new Uint8Array(Buffer.from(data, "hex")),
  }),
  start: ({ state, heartbeatMs, peerTtlMs }) => presence.start({ initialState: state, heartbeatMs, peerTtlMs }),
  set: ({ channel, value }) => presence.broadcast(channel, value),
  stop: () => presence.stop(),
  broadcast: ({ sample }) => handle.broadcast(samples[sample]),
  states: () => emit("states", {
    states: Object.fromEntries(Object.entries(presence.getPeerStates().value).map(([id, s]) => [id, plain(s.value)])),
  }),
}

emit("ready", {
  samples: Object.keys(samples),
  versions: Object.fromEntries(["@automerge/automerge-repo", "cbor-x"].map(n => [n, version(n)])),
})
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  commands[command.do](command)
}
process.exit(0)
