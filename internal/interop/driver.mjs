// One automerge-repo client in a process of its own, driven over a pipe.
//
//   node driver.mjs '{"peerId": "alice", "version": 2, "storage": "none"}'
//
// stdin:   {"id": 1, "cmd": "create", "args": {...}}                one per line
// stdout:  {"id": 1, "ok": {...}}  or  {"id": 1, "error": "..."}
//          {"event": "ephemeral", ...}                              at any time
//
// Commands run side by side: one that waits doesn't hold up the next. Nothing
// in here waits for a time; whoever asked gives up when it has had enough.
import { createInterface } from "node:readline"
import { Client } from "./client.mjs"

const options = JSON.parse(process.argv[2])
const libs = await import(options.version === 1 ? "./v1/libs.mjs" : "./libs.mjs")

const say = message => process.stdout.write(JSON.stringify(message) + "\n")

// The libraries log to the console; stdout belongs to the protocol.
console.log = console.info = console.error

// A killed server resets its sockets, and the adapter throws that from an event
// handler. A page in a browser survives it, so does this client.
process.on("uncaughtException", err => {
  console.error(err)
  if (!["ECONNRESET", "EPIPE"].includes(err?.code) && err?.message !== "socket hang up") process.exit(3)
})

const client = new Client(libs, options, (event, fields) => say({ event, ...fields }))

const lines = createInterface({ input: process.stdin })
lines.on("line", async line => {
  const { id, cmd, args } = JSON.parse(line)
  try {
    if (!Client.commands.has(cmd)) throw new Error(`no such command: ${cmd}`)
    say({ id, ok: (await client[cmd](args ?? {})) ?? {} })
  } catch (err) {
    say({ id, error: String(err?.stack ?? err) })
  }
})
lines.on("close", () => process.exit(0))
say({ event: "started" })
