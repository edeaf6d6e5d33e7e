// Tells random stories with @automerge/automerge: node stories.mjs FIRST COUNT STEPS.
// Each line is a story: what three people did in turns, with the changes that it
// made and the patches that it gave, and what the first of them sees at the end,
// when all have met, with differences between some times.
// Run it where the package is installed. Numbers begin with 1: in a list,
// JavaScript writes 0 as a float.
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"
const require = createRequire(process.cwd() + "/")
const A = await import(pathToFileURL(require.resolve("@automerge/automerge")))

const [first, count, steps] = process.argv.slice(2).map(Number)
const b64 = bytes => Buffer.from(bytes).toString("base64")

// mulberry32
function random(seed) {
  let a = seed * 2654435761
  return n => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

const words = ["a", "bc", "godwit", "é", "🙂", "語x", "\n", "x 🙂 y"]

function edit(d, r) {
  const text = d.text
  const n = text.length
  switch (r(14)) {
    case 0: case 1: case 2: return { do: "splice", pos: r(n + 1), del: 0, insert: words[r(words.length)] }
    case 3: return { do: "splice", pos: r(n + 1), del: r(4), insert: words[r(words.length)] }
    case 4: { const pos = r(n + 1); return { do: "splice", pos, del: Math.min(r(6), n - pos), insert: "" } }
    case 5: case 6: {
      const start = r(n + 1), end = start + r(n - start + 1)
      return { do: r(4) ? "mark" : "unmark", start, end, name: ["bold", "link"][r(2)], value: [true, "u", 7][r(3)], expand: ["none", "before", "after", "both"][r(4)] }
    }
    case 7: return { do: "block", pos: r(n + 1), attrs: { type: "p" } }
    case 8: return { do: "put", key: ["a", "b", "hits"][r(3)], value: 1 + r(100) }
    case 9: return { do: "put", key: ["a", "b"][r(2)], value: [true, null, -5][r(3)] }
    case 10: return { do: "delete", key: ["a", "b"][r(2)] }
    case 11: return d.count === undefined ? { do: "counter", value: r(10) } : { do: "increment", by: r(9) - 4 }
    case 12: return { do: "insert", pos: r(d.list.length + 1), value: 1 + r(100) }
    default: return d.list.length ? [{ do: "set", pos: r(d.list.length), value: 1 + r(5) }, { do: "remove", pos: r(d.list.length) }][r(2)] : { do: "insert", pos: 0, value: 1 }
  }
}

function apply(d, e) {
  switch (e.do) {
    case "splice": return A.splice(d, ["text"], e.pos, e.del, e.insert)
    case "mark": return A.mark(d, ["text"], { start: e.start, end: e.end, expand: e.expand }, e.name, e.value)
    case "unmark": return A.unmark(d, ["text"], { start: e.start, end: e.end, expand: e.expand }, e.name)
    case "block": return A.splitBlock(d, ["text"], e.pos, e.attrs)
    case "put": d[e.key] = e.value; return
    case "delete": delete d[e.key]; return
    case "counter": d.count = new A.Counter(e.value); return
    case "increment": d.count.increment(e.by); return
    case "insert": A.insertAt(d.list, e.pos, e.value); return
    case "set": d.list[e.pos] = e.value; return
    case "remove": A.deleteAt(d.list, e.pos); return
  }
}

for (let seed = first; seed < first + count; seed++) {
  const r = random(seed + 1)
  let base = A.init({ actor: "aa".repeat(16) })
  base = A.change(base, { time: 0 }, d => { d.text = "Dear 🙂 geese"; d.list = [] })
  let patches = []
  const patchCallback = p => patches.push(...p)
  const told = () => { const p = patches; patches = []; return p }
  const docs = ["aa", "bb", "0c"].map(id => A.clone(base, { actor: id.repeat(16), patchCallback }))
  told()
  const story = { seed, base: A.getAllChanges(base).map(b64), steps: [] }
  for (let n = 0; n < steps; n++) {
    const who = r(3)
    if (r(5) === 0) {
      const from = r(3)
      if (from === who) continue
      docs[who] = A.merge(docs[who], docs[from])
      const again = A.load(A.save(docs[who])) // may have another order
      story.steps.push({ who, from, patches: told(), astray: docs[who].list.toString() !== again.list.toString() })
      continue
    }
    const edits = Array.from({ length: 1 + r(3) }, () => null)
    const before = A.getHeads(docs[who])
    const did = []
    docs[who] = A.change(docs[who], { time: 0 }, d => {
      for (let k = 0; k < edits.length; k++) {
        const e = edit(d, r)
        apply(d, e)
        did.push(e)
      }
    })
    const made = A.getHeads(docs[who]).toString() === before.toString() ? "" : b64(A.getLastLocalChange(docs[who]))
    story.steps.push({ who, edits: did, change: made, patches: told() })
  }
  docs[0] = A.merge(A.merge(docs[0], docs[1]), docs[2])
  docs[0] = A.load(A.save(docs[0])) // the live document may show other winners
  const d = docs[0]
  const some = () => {
    const changes = A.getAllChanges(d)
    return [[], [A.decodeChange(changes[r(changes.length)]).hash], A.getHeads(d)][r(3)]
  }
  const diffs = Array.from({ length: 4 }, () => {
    const [before, after] = [some(), some()]
    return { before, after, patches: A.diff(d, before, after) }
  })
  const conflicts = {}
  for (const key of ["a", "b", "hits", "count"]) {
    const c = A.getConflicts(d, key)
    if (c) conflicts[key] = Object.entries(c).map(([id, v]) => [id, v instanceof A.Counter ? v.value : v])
  }
  story.end = {
    heads: A.getHeads(d),
    text: d.text,
    list: d.list,
    count: d.count === undefined ? null : d.count.value,
    a: d.a === undefined ? "none" : d.a, b: d.b === undefined ? "none" : d.b,
    marks: A.marks(d, ["text"]),
    conflicts,
    diffs,
    saved: b64(A.save(d)),
  }
  console.log(JSON.stringify(story))
}
