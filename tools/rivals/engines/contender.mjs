// One contender that is written in JavaScript does one task in a process of its
// own, and prints what it measured and which text it has in the end, as a line
// of JSON. contender.go does the same in Go.
//
//   node --expose-gc contender.mjs NAME TASK DIRECTORY DOCUMENTS
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { median, memory, repeat, tell, timed } from "../measure.mjs"

const [name, task, directory, documents] = process.argv.slice(2)
const { Document } = await import(`./${name}.mjs`)
const file = kind => join(directory, `${name}.${kind}`)

const tasks = {
  // The trace is typed, each edit a change.
  async apply() {
    const before = await memory()
    const doc = new Document()
    const edits = trace("trace")
    const apply = timed(() => typed(doc, edits))
    edits.length = 0
    const applyMemory = (await memory()) - before
    let saved
    const saveFirst = timed(() => (saved = doc.save()))
    writeFileSync(file("saved"), saved)
    const figures = { apply, applyMemory, saveFirst, savedBytes: saved.length }
    if (doc.saveSmaller) figures.smallerBytes = doc.saveSmaller().length
    return { figures, text: doc.text() }
  },

  // The same, and what others are to be sent of it is kept.
  record() {
    const edits = trace("trace")
    const doc = new Document()
    const changes = []
    const record = timed(() => {
      doc.keep(changes)
      typed(doc, edits)
    })
    const wireBytes = changes.reduce((sum, change) => sum + change.length, 0)
    typed(doc, trace("more"))
    writeFileSync(file("changes"), framed(changes))
    return { figures: { record, wireBytes }, text: doc.text() }
  },

  // Another replica is sent the trace at once, and then single keystrokes.
  receive() {
    const changes = frames(readFileSync(file("changes")))
    const live = changes.splice(-trace("more").length)
    const doc = Document.empty()
    const receive = timed(() => {
      doc.receive(changes)
      readable(doc.text())
    })
    const single = live.splice(0, 100)
    const receiveOne = median(single.map(change => timed(() => doc.receive([change]))))
    doc.receive(live)
    return { figures: { receive, receiveOne }, text: doc.text() }
  },

  // The document is opened and written to.
  async load() {
    const before = await memory()
    const { doc, took: loadCold } = opened()
    const loadMemory = (await memory()) - before
    const more = trace("more")
    const keystrokes = more.map(edit => ({
      type: timed(() => typed(doc, [edit])),
      read: timed(() => readable(doc.text())),
    }))
    const [{ type: keystrokeFirst }] = keystrokes
    const figures = {
      loadCold,
      loadMemory,
      keystrokeFirst,
      keystroke: median(keystrokes.map(each => each.type)),
      read: median(keystrokes.map(each => each.read)),
      save: timed(() => doc.save()),
      loadWarm: median(repeat(5, openedAndClosed)),
    }
    return { figures, text: doc.text() }
  },

  // Many small documents.
  async small() {
    const many = Number(documents)
    const create = () => Document.record(record)
    const saved = create().save()
    const open = () => {
      const doc = Document.load(saved)
      if (doc.field("name") !== record.name) throw new Error("the record is another")
      return doc
    }
    const each = make => timed(() => repeat(many / 5, () => make().close())) / (many / 5)
    each(create) // and the engine is warm
    const smallCreate = each(create)
    each(open)
    const smallLoad = each(open)
    const before = await memory()
    const held = repeat(many, open)
    const smallMemory = ((await memory()) - before) / held.length
    return { figures: { smallCreate, smallLoad, smallMemory, smallBytes: saved.length }, text: "" }
  },
}

const record = {}
for (const key of ["id", "name", "mail", "phone", "street", "city", "zip", "age", "active", "note"])
  record[key] = { age: 7, active: true }[key] ?? `value of ${key}`

// What is read here is not part of what a document takes: it must not be in
// memory when that is measured, neither before nor after.
function trace(name) {
  return JSON.parse(readFileSync(join(directory, `${name}.json`)))
}

function typed(doc, edits) {
  for (let i = 0; i < edits.length; i++) doc.splice(edits[i][0], edits[i][1], edits[i][2])
}

// The saved document, and how long it took until its text could be read.
function opened() {
  const bytes = readFileSync(file("saved"))
  let doc
  const took = timed(() => {
    doc = Document.load(bytes)
    readable(doc.text())
  })
  return { doc, took }
}

function openedAndClosed() {
  const { doc, took } = opened()
  doc.close()
  return took
}

// What a library puts together of many pieces becomes one string only when
// somebody looks into it.
function readable(text) {
  text.charCodeAt(0)
}

// Changes in a file: each after its length, four bytes, big-endian.
function framed(changes) {
  return Buffer.concat(
    changes.flatMap(change => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(change.length)
      return [length, change]
    }),
  )
}

function frames(bytes) {
  const changes = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at)
    changes.push(new Uint8Array(bytes.subarray(at + 4, end)))
    at = end
  }
  return changes
}

const { figures, text } = await tasks[task]()
tell(figures, text)
