// Tells random stories of editors of one text with @automerge/automerge:
//
//	node ../../crdt/testdata/richtext.mjs FIRST COUNT STEPS
//
// It is run where the package is installed, internal/interop. Each line is a
// story: what three people did in turns, with the cursors that they took, where
// they found those of all others, and what the text is at the end. Where
// JavaScript finds no place for a cursor, that is null.
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"
const require = createRequire(process.cwd() + "/")
const A = await import(pathToFileURL(require.resolve("@automerge/automerge")))

const [first, count, steps] = process.argv.slice(2).map(Number)
const b64 = bytes => Buffer.from(bytes).toString("base64")
const path = ["text"]

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

const words = ["a", "bc", "godwit", "é", "🙂", "語x", "\n", "x 🙂 y", ""]

function attributes(r) {
  const kinds = [
    { type: "paragraph", parents: [], attrs: {} },
    { type: "heading", level: 1 + r(6) },
    { type: "list-item", parents: ["ul", "ol"].slice(r(3)), attrs: { checked: !!r(2), note: null, at: { x: -1 } }, isEmbed: false },
    { type: "🦊", z: 1.5, a: ["", ["deep"], 7, 7, 7] },
    {},
  ]
  return kinds[r(kinds.length)]
}

// blockAt returns where a block of the text is, or undefined.
function blockAt(d, r) {
  const at = []
  let pos = 0
  for (const span of A.spans(d, path)) {
    if (span.type === "block") at.push(pos++)
    else pos += span.value.length
  }
  return at[r(at.length || 1)]
}

function edit(d, r) {
  const n = d.text.length
  const block = blockAt(d, r)
  switch (r(12)) {
    case 0: case 1: return { do: "splice", pos: r(n + 1), insert: words[r(words.length)] }
    case 2: case 3: case 4: {
      const pos = r(n + 1)
      return { do: "splice", pos, del: Math.min(r(8), n - pos), insert: words[r(words.length)] }
    }
    case 5: case 6: {
      const start = r(n + 1), end = start + r(n - start + 1)
      return { do: r(4) ? "mark" : "unmark", start, end, name: ["bold", "link", "em"][r(3)], value: [true, "u", 7][r(3)], expand: ["none", "before", "after", "both"][r(4)] }
    }
    case 7: if (block !== undefined) return { do: "update", pos: block, attrs: attributes(r) }
    case 8: if (block !== undefined) return { do: "join", pos: block }
    case 9: return { do: "split", pos: r(n + 1), attrs: attributes(r) }
    default: return { do: "cursor", pos: r(n + 1), move: ["after", "before"][r(2)] }
  }
}

function apply(d, e) {
  switch (e.do) {
    case "splice": return A.splice(d, path, e.pos, e.del ?? 0, e.insert)
    case "mark": return A.mark(d, path, { start: e.start, end: e.end, expand: e.expand }, e.name, e.value)
    case "unmark": return A.unmark(d, path, { start: e.start, end: e.end, expand: e.expand }, e.name)
    case "split": return A.splitBlock(d, path, e.pos, e.attrs)
    case "join": return A.joinBlock(d, path, e.pos)
    case "update": return A.updateBlock(d, path, e.pos, e.attrs)
    case "cursor": e.cursor = A.getCursor(d, path, e.pos, e.move); return
  }
}

function positions(d, cursors) {
  return cursors.map(c => {
    try { return A.getCursorPosition(d, path, c) } catch { return null }
  })
}

for (let seed = first; seed < first + count; seed++) {
  const r = random(seed + 1)
  let base = A.init({ actor: "aa".repeat(16) })
  base = A.change(base, { time: 0 }, d => { d.text = "Dear 🙂 geese" })
  const docs = [base, A.clone(base, { actor: "bb".repeat(16) }), A.clone(base, { actor: "0c".repeat(16) })]
  const story = { seed, base: A.getAllChanges(base).map(b64), steps: [], cursors: ["s", "e"] }
  for (let n = 0; n < steps; n++) {
    const who = r(3), from = r(3)
    if (r(5) === 0) {
      if (from === who) continue
      docs[who] = A.merge(docs[who], docs[from])
      story.steps.push({ who, from, positions: positions(docs[who], story.cursors) })
      continue
    }
    const edits = []
    docs[who] = A.change(docs[who], { time: 0 }, d => {
      for (let k = r(3); k >= 0; k--) {
        const e = edit(d, r)
        apply(d, e)
        edits.push(e)
        if (e.cursor) story.cursors.push(e.cursor, e.cursor.replace(/^-?(\d)/, (s, n) => s[0] === "-" ? n : "-" + n))
      }
    })
    story.steps.push({ who, edits, heads: A.getHeads(docs[who]), positions: positions(docs[who], story.cursors) })
  }
  docs[0] = A.merge(A.merge(docs[0], docs[1]), docs[2])
  const d = docs[0]
  story.end = { heads: A.getHeads(d), text: d.text, spans: A.spans(d, path), positions: positions(d, story.cursors) }
  console.log(JSON.stringify(story))
}
