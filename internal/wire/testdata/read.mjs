// Notes what JavaScript reads in the frames that this package writes.
//
// go test -run JavaScriptReads -args -frames writes ours.hex, one frame a line.
// Beside an installed cbor-x (see record.mjs):
//
//   node read.mjs ours.hex ours.json
import { readFileSync, writeFileSync } from "node:fs"
import { decode } from "cbor-x"

function plain(v) {
  if (v === undefined) return { $: "undefined" }
  if (typeof v === "bigint") return { $: "bigint" }
  if (v instanceof Uint8Array) return { $: Buffer.from(v).toString("hex") }
  if (Array.isArray(v)) return v.map(plain)
  if (v && typeof v === "object")
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plain(x)]))
  return v
}

const frames = readFileSync(process.argv[2], "utf8").trim().split("\n")
  .map(hex => ({ hex, message: plain(decode(Buffer.from(hex, "hex"))) }))
const { version } = JSON.parse(readFileSync("node_modules/cbor-x/package.json"))
writeFileSync(process.argv[3], JSON.stringify({ recorded: { "cbor-x": version }, frames }, null, 1) + "\n")
