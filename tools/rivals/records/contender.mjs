// PouchDB does one task in a process of its own, and prints what it measured
// and which records it has in the end, as a line of JSON. contender.go does the
// same with godwit.
//
//   node --expose-gc contender.mjs NAME TASK DIRECTORY [URL]
import { randomUUID } from "node:crypto"
import { mkdirSync, readFileSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { awaited, median, memory, tell } from "../measure.mjs"
import { stores } from "./pouchdb.mjs"

const [name, task, directory, url] = process.argv.slice(2)
const singly = 10 // one of so many records is created alone
const batch = 100
const page = 50
const reads = 1000
const changed = 10
const replication = { batch_size: 1000 } // faster than its default, 100

const tasks = {
  // A tenth of the records are created one by one, the others in batches.
  async create() {
    const records = read("records").map(record => ({ _id: randomUUID(), ...record }))
    const db = await open("main")
    const alone = records.splice(0, records.length / singly)
    const one = []
    for (const record of alone) one.push(await awaited(() => db.put(record)))
    const many = await awaited(async () => {
      for (let i = 0; i < records.length; i += batch) for (const r of await db.bulkDocs(records.slice(i, i + batch))) if (r.error) throw r
    })
    const figures = { createOne: median(one), createBatched: many / records.length }
    const text = written(await all(db))
    await db.close()
    figures.diskBytes = readdirSync(path("main")).reduce((sum, file) => sum + statSync(join(path("main"), file)).size, 0)
    return { figures, text }
  },

  // Records are looked for: by id, and in each department, by name.
  async read() {
    const before = await memory()
    let db
    const opened = await awaited(async () => (db = await open("main")))
    const ids = (await db.allDocs()).rows.map(row => row.id).filter(id => !id.startsWith("_design/"))
    const get = []
    for (let i = 0; i < reads; i++) get.push(await awaited(() => db.get(ids[(i * 7919) % ids.length])))
    const departments = read("departments")
    const find = Department => db.find({ selector: { Department }, sort: ["Department", "Name"], limit: page, use_index: "people" })
    const indexed = await awaited(async () => {
      await db.createIndex({ index: { fields: ["Department", "Name"] }, ddoc: "people" })
      await find(departments[0])
    })
    const found = []
    const query = []
    for (const department of departments) query.push(await awaited(async () => found.push(...(await find(department)).docs)))
    const figures = { open: opened, get: median(get), index: indexed, query: median(query) }
    figures.idle = await memory()
    figures.before = before
    return { figures, text: found.map(record => record.Name + "\n").join("") }
  },

  // All records go to the server, and from there to somebody who has none; then
  // the few that have been changed.
  async replicate() {
    const ours = await open("main")
    const theirs = await open("other")
    const push = await awaited(() => ours.replicate.to(url, replication))
    const pull = await awaited(() => theirs.replicate.from(url, replication))
    const records = (await all(ours)).sort((a, b) => a.Number - b.Number).slice(0, changed)
    for (const record of records) await ours.put({ ...record, Title: "changed" })
    const pushMore = await awaited(() => ours.replicate.to(url, replication))
    const pullMore = await awaited(() => theirs.replicate.from(url, replication))
    return { figures: { push, pull, pushMore, pullMore }, text: written(await all(theirs)) }
  },
}

function path(which) {
  return join(directory, name, which)
}

async function open(which) {
  mkdirSync(join(directory, name), { recursive: true })
  const db = new stores[name](path(which))
  await db.info()
  return db
}

async function all(db) {
  const { rows } = await db.allDocs({ include_docs: true })
  return rows.map(row => row.doc).filter(doc => !doc._id.startsWith("_design/"))
}

function read(name) {
  return JSON.parse(readFileSync(join(directory, `${name}.json`)))
}

// Records as lines, in the order of their numbers.
function written(records) {
  const line = r => [r.Number, r.Department, r.Name, r.Title, r.Age, r.Note].join("\t") + "\n"
  return records.sort((a, b) => a.Number - b.Number).map(line).join("")
}

const { figures, text } = await tasks[task]()
tell(figures, text)
process.exit() // with databases open, Node wouldn't end
