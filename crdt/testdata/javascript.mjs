// What the real JavaScript Automerge makes and reads. Bare imports resolve from
// the directory it is run in, which is internal/interop:
//
//	node ../../crdt/testdata/javascript.mjs make > ../../crdt/testdata/javascript-3.5.0.automerge
//	node ../../crdt/testdata/javascript.mjs read < document
//
// make writes a document with everything that only JavaScript writes; actors are
// fixed and times zero, so that it writes the same bytes again. read prints what
// a saved document says, and its heads, as JSON.
import { createRequire } from "node:module"
import { readFileSync, writeSync } from "node:fs"

const A = createRequire(process.cwd() + "/")("@automerge/automerge")

function make() {
  let doc = A.init({ actor: "aa".repeat(16) })
  const change = f => { doc = A.change(doc, { time: 0 }, f) }
  change(d => {
    d.text = "The quick 🦊 jumps"
    d.plain = new A.ImmutableString("as a whole")
    d.date = new Date(1700000000123)
    d.bytes = new Uint8Array([0, 1, 254])
    d.uint = new A.Uint(7)
    d.big = 2 ** 53 - 1
    d.float = 0.1
    d.nan = NaN
    d.none = null
    d.hits = new A.Counter(3)
    d.list = [1, "two", [new A.Counter(1)], { deep: { deeper: true } }]
  })
  change(d => A.mark(d, ["text"], { start: 4, end: 9, expand: "both" }, "bold", true))
  change(d => A.mark(d, ["text"], { start: 0, end: 12, expand: "none" }, "link", "https://example.org"))
  change(d => A.splitBlock(d, ["text"], 4, { type: new A.ImmutableString("heading"), parents: [], attrs: { level: 2 } }))
  change(d => { d.hits.increment(4); d.list.splice(0, 1) })
  let other = A.clone(doc, { actor: "bb".repeat(16) })
  other = A.change(other, { time: 0 }, d => { d.both = "theirs"; d.list[0] = "three" })
  change(d => { d.both = "ours" })
  doc = A.merge(doc, other)
  writeSync(1, A.save(doc))
}

function read() {
  const doc = A.load(readFileSync(0))
  const text = doc.text === undefined ? {} : { marks: A.marks(doc, ["text"]), spans: A.spans(doc, ["text"]) }
  console.log(JSON.stringify({ heads: A.getHeads(doc), doc, ...text, conflicts: A.getConflicts(doc, "both") ?? {} }, (_, v) =>
    typeof v === "bigint" ? { uint: String(v) }
    : v instanceof Uint8Array ? { bytes: [...v] }
    : v))
}

({ make, read })[process.argv[2]]()
