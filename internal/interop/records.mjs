// Somebody who works on records with Automerge alone, for records_test.go: each
// line of the standard input is what to do with a document, each line of the
// output what became of it.
//
//   {"saved": base64, "actor": hex, "ops": [ops of operations.mjs], "message": ""}
//   {"saved": base64, "heads": [hash], "doc": dump, "state": "present"}
//
// Without ops the document is loaded and saved again.
import { createInterface } from "node:readline"
import { createRequire } from "node:module"
import { apply } from "./operations.mjs"
import { dump } from "./dump.mjs"
import { recordState } from "./record.mjs"

const A = createRequire(import.meta.url)("@automerge/automerge")

for await (const line of createInterface({ input: process.stdin })) {
  const { saved, actor, ops, message } = JSON.parse(line)
  let doc = A.load(new Uint8Array(Buffer.from(saved, "base64")), { actor })
  if (ops?.length > 0) doc = A.change(doc, { time: 0, message: message || undefined }, d => apply(A, d, ops))
  console.log(JSON.stringify({
    saved: Buffer.from(A.save(doc)).toString("base64"),
    heads: A.getHeads(doc),
    doc: dump(A, doc),
    state: recordState(A, doc),
  }))
}
