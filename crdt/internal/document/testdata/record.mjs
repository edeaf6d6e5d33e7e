// Records documents as the JavaScript Automerge saves them into
// golden-<version>.json.gz.
//
//	npm i @automerge/automerge@3.5.0 am22@npm:@automerge/automerge@2.2.9
//	node record.mjs <where to write> [editing-trace.json.gz]
//
// Each scenario yields one saved document (base64) and the hashes of its
// changes, in JavaScript's order. Actors are fixed and times chosen, so that
// running it again gives the same file.
import { readFileSync, writeFileSync } from "node:fs"
import { gunzipSync, gzipSync } from "node:zlib"
import * as A35 from "@automerge/automerge"
import * as A22 from "am22"

const out = process.argv[2] ?? "."
const actor = n => String(n).padStart(2, "0").repeat(16)
const b64 = bytes => Buffer.from(bytes).toString("base64")

function scenarios(A) {
  const init = n => A.init(actor(n))
  const change = (doc, f, more) => A.change(doc, { time: 0, ...more }, f)
  const imm = s => (A.ImmutableString ? new A.ImmutableString(s) : new A.RawString(s))
  const list = {}
  const add = (name, doc) => {
    const backend = A.getBackend(doc)
    const changes = backend.getChangesMeta ? backend.getChangesMeta([]).map(c => c.hash)
      : A.getAllChanges(doc).map(b => A.decodeChange(b).hash)
    list[name] = { document: b64(A.save(doc)), heads: A.getHeads(doc), changes }
  }

  add("nothing", init(1))

  let d = init(1)
  d = change(d, d => { d.name = "Ada"; d.age = 36; d.tags = ["a", "b"]; d.nested = { deep: { deeper: [1, { x: null }] } }; d[""] = "no key" })
  d = change(d, d => { d.age = 37; delete d.name; d.nested.deep.deeper[0] = 2; d.tags.splice(0, 1, "x", "y") }, { message: "second: größer 🙂", time: 1700000000 })
  d = change(d, d => { d.nested.deep.deeper.insertAt(1, true, false, null, 1.5); d.tags.deleteAt(0) }, { time: -5 })
  d = change(d, d => { d.nested = {} }, { message: "second: größer 🙂", time: 9007199254740991 })
  add("maps, lists, messages and times", d)

  d = init(2)
  d = change(d, d => { d.text = "" })
  for (const ch of ["H", "é", "👩‍👩‍👧", "字", "\n"]) d = change(d, d => A.splice(d, ["text"], 0, 0, ch))
  d = change(d, d => A.splice(d, ["text"], 2, 0, "a longer run of letters, aaaaaaaaaaaa, 🙂🙂🙂🙂"))
  d = change(d, d => A.splice(d, ["text"], 1, 7, "z"))
  d = change(d, d => A.updateText(d, ["text"], "completely other words 🙃"))
  add("text with emoji", d)

  d = init(3)
  d = change(d, d => {
    d.null = null; d.true = true; d.false = false
    d.zero = 0; d.negative = -1; d.small = 63; d.leb = 64; d.int53 = Number.MAX_SAFE_INTEGER; d.minint = Number.MIN_SAFE_INTEGER
    d.float = 3.14; d.negzero = -0; d.nan = NaN; d.inf = Infinity; d.tiny = 5e-324
    d.date = new Date(1700000000123); d.olddate = new Date(-1)
    d.bytes = new Uint8Array([0, 1, 2, 255]); d.nobytes = new Uint8Array(0); d.manybytes = new Uint8Array(3000)
    d.imm = imm("immutable ünï"); d.empty = imm("")
    d.int = new A.Int(5); d.uint = new A.Uint(5); d.f64 = new A.Float64(5)
    d.longkey_äöü = 1
  })
  add("values", d)
  if (A.ImmutableString) {
    d = change(init(3), d => { d.i64 = 9223372036854775807n; d.i64min = -9223372036854775808n; d.u64 = 18446744073709551615n })
    list["integers of 64 bits"] = { document: b64(A.save(d)), heads: A.getHeads(d), changes: A.getHeads(d) }
  }

  d = init(4)
  d = change(d, d => { d.n = new A.Counter(10); d.list = [new A.Counter(-3)]; d.m = new A.Counter() })
  d = change(d, d => { d.n.increment(); d.list[0].increment(-100); d.m.decrement(2) })
  for (let i = 0; i < 300; i++) d = change(d, d => { d.n.increment(i) })
  d = change(d, d => { delete d.n; d.m = new A.Counter(7) })
  add("counters", d)

  d = init(5)
  d = change(d, d => { d.text = "The quick brown fox" })
  d = change(d, d => A.mark(d, ["text"], { start: 4, end: 9, expand: "both" }, "bold", true))
  d = change(d, d => A.mark(d, ["text"], { start: 0, end: 3, expand: "none" }, "link", "https://example.org/ä"))
  d = change(d, d => A.mark(d, ["text"], { start: 2, end: 7, expand: "after" }, "size", 12))
  d = change(d, d => A.unmark(d, ["text"], { start: 5, end: 7, expand: "after" }, "bold"))
  d = change(d, d => { A.mark(d, ["text"], { start: 0, end: 2, expand: "both" }, "i", true); A.splice(d, ["text"], 3, 1, "xyz"); d.other = 1 })
  add("marks", d)

  d = init(5)
  d = change(d, d => { d.text = "The quick brown fox" })
  d = change(d, d => A.mark(d, ["text"], { start: 4, end: 9, expand: "none" }, "bold", true))
  add("marks that never expand", d)

  if (A.splitBlock) {
    d = init(6)
    d = change(d, d => { d.text = "Heading paragraph" })
    d = change(d, d => A.splitBlock(d, ["text"], 7, { type: imm("paragraph"), parents: [], attrs: { level: 1 } }))
    d = change(d, d => A.updateBlock(d, ["text"], 7, { type: imm("heading"), parents: [imm("list")], attrs: {} }))
    d = change(d, d => A.updateSpans(d, ["text"], [
      { type: "block", value: { type: imm("paragraph"), parents: [], attrs: {} } },
      { type: "text", value: "all new", marks: { bold: true } },
      { type: "block", value: { type: imm("heading"), parents: [], attrs: { x: 1 } } },
      { type: "text", value: " words" },
    ]))
    d = change(d, d => A.joinBlock(d, ["text"], 0))
    add("blocks", d)
  }

  d = init(7)
  d = A.emptyChange(d, { time: 0, message: "nothing yet" })
  add("one empty change", d)
  d = change(d, d => { d.a = 1 })
  const first = A.getHeads(d)
  d = A.emptyChange(d, { time: 0 })
  d = change(d, d => { d.b = 2 })
  if (A.changeAt) d = A.changeAt(d, first, { time: 0 }, d => { d.a = 2; d.c = 3 }).newDoc
  add("two heads", d)
  d = A.emptyChange(d, { time: 0 })
  d = A.emptyChange(d, { time: -1 })
  add("empty changes and the past", d)

  d = A.init("ab".repeat(40))
  d = change(d, d => { d.a = [1, 2, 3]; d.t = "long actor" })
  let o = A.clone(d, { actor: "cd" })
  o = change(o, d => { d.a.push(4); A.splice(d, ["t"], 4, 0, "er") })
  d = A.merge(d, o)
  d = change(d, d => { d.a.splice(1, 3) })
  add("actors of 40 bytes and of one", d)

  let base = init(10)
  base = change(base, d => { d.k = "base"; d.n = new A.Counter(1); d.text = "shared text"; d.list = [1, 2, 3, 4, 5]; d.map = {} })
  let docs = [9, 12, 11, 8, 13].map(n => A.clone(base, { actor: actor(n) }))
  docs = docs.map((d, i) => change(d, d => {
    d.k = imm("from " + i); d.n.increment(i); A.splice(d, ["text"], i, 1, "·" + i); d.list[2] = i; d.map["k" + i] = i; d.map.same = i
  }))
  docs = docs.map((d, i) => change(d, d => { d.list[0] = i * 10; A.splice(d, ["text"], 0, 0, "start") }))
  let merged = docs.reduce((a, b) => A.merge(a, b), A.clone(base, { actor: "ff".repeat(16) }))
  add("five heads", merged)
  merged = change(merged, d => { d.k = imm("resolved"); d.n = new A.Counter(100); d.list[2] = 99; delete d.map.same; A.splice(d, ["text"], 0, 12) })
  merged = change(merged, d => { d.list.splice(0, 5); d.k = "text again" })
  let again = A.merge(A.clone(merged, { actor: actor(1) }), docs[1])
  again = change(again, d => { d.map.same = "back"; delete d.k; d.text = "new text" })
  add("five actors in conflict", again)

  d = init(14)
  d = change(d, d => { d.text = "" })
  d = change(d, d => A.splice(d, ["text"], 0, 0, "a".repeat(240000)))
  d = change(d, d => A.splice(d, ["text"], 0, 240000))
  add("240,000 letters, deleted", d)

  d = init(15)
  d = change(d, d => { d.list = Array.from({ length: 12000 }, (_, i) => i % 7) })
  d = change(d, d => { for (let i = 0; i < 11000; i++) d.list[i] = i % 3 ? i : null })
  d = change(d, d => { d.table = Object.fromEntries(Array.from({ length: 300 }, (_, i) => ["key" + i, { id: i, name: "n" + i }])) })
  add("more than ten thousand rows", d)

  d = init(16)
  d = change(d, d => { d.list = [] })
  const backend = A.getBackend(d)
  backend.splice("/list", 0, 0, Array(1000000).fill(null))
  backend.commit(undefined, 0)
  list["1,000,000 nulls"] = { document: b64(backend.save()), heads: backend.getHeads(), changes: backend.getChanges([]).map(b => A.decodeChange(b).hash) }

  // A seeded mixture: peers that edit and merge.
  let seed = 42
  const rnd = n => (seed = (seed * 1103515245 + 12345) % 2147483648) % n
  const mixture = (steps, actors) => {
    let peers = actors.map(n => A.clone(base, { actor: actor(n) }))
    const n = peers.length
    for (let step = 0; step < steps; step++) {
      const i = rnd(n)
      if (rnd(4) === 0) peers[i] = A.merge(peers[i], peers[(i + 1 + rnd(n - 1)) % n])
      peers[i] = change(peers[i], d => {
        for (let k = 0; k <= rnd(4); k++) switch (rnd(10)) {
          case 0: d["k" + rnd(4)] = rnd(1000) - 500; break
          case 1: delete d["k" + rnd(4)]; break
          case 2: d.list.insertAt(rnd(d.list.length + 1), rnd(10)); break
          case 3: if (d.list.length) d.list.deleteAt(rnd(d.list.length)); break
          case 4: A.splice(d, ["text"], rnd(d.text.length + 1), 0, "añb字cde".slice(0, 1 + rnd(7))); break
          case 5: if (d.text.length > 2) A.splice(d, ["text"], rnd(d.text.length - 2), 1 + rnd(2)); break
          case 6: d.n.increment(rnd(9) - 4); break
          case 7: d.map["m" + rnd(3)] = { v: rnd(5), l: [rnd(2)] }; break
          case 8: if (d.text.length > 3) A.mark(d, ["text"], { start: rnd(2), end: 3, expand: ["both", "none", "after", "before"][rnd(4)] }, "bold", rnd(2) ? true : null); break
          case 9: d.list.push(imm("pushed " + rnd(3))); break
        }
      }, rnd(5) ? {} : { message: "m" + rnd(3), time: rnd(100) })
    }
    return peers.slice(1).reduce((a, b) => A.merge(a, b), peers[0])
  }
  add("three peers at random", mixture(60, [20, 21, 22]))
  d = mixture(3000, [5, 40, 30, 35, 25])
  add("five peers at length", d)
  // Its columns as an engine has them that loaded instead of editing.
  add("loaded and edited", change(A.load(A.save(d), { actor: actor(1) }), d => { d.k0 = "by another"; A.splice(d, ["text"], 3, 2, "xy"); d.list.splice(1, 2) }))
  return list
}

for (const [version, A] of [["3.5.0", A35], ["2.2.9", A22.next ?? A22]]) {
  writeFileSync(`${out}/golden-${version}.json.gz`, gzipSync(JSON.stringify(scenarios(A)) + "\n", { level: 9 }))
}

// A real editing session, one change per edit. Each edit of the trace is
// [position, deleted, inserted letters…].
if (process.argv[3]) {
  const edits = JSON.parse(gunzipSync(readFileSync(process.argv[3])))
  const d = A35.change(A35.init("aa".repeat(16)), { time: 0 }, d => { d.text = "" })
  const backend = A35.getBackend(d)
  for (const [at, deleted, ...inserted] of edits) {
    backend.splice("/text", at, deleted, inserted.join(""))
    backend.commit(undefined, 0)
  }
  writeFileSync(`${out}/trace.automerge.gz`, gzipSync(backend.save(), { level: 9 }))
}
