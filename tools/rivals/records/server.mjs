// The server with which PouchDB replicates: express-pouchdb, which speaks
// CouchDB's protocol, over the same kind of store.
//
//   node server.mjs NAME PORT DIRECTORY
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import express from "express"
import serve from "express-pouchdb"
import { stores } from "./pouchdb.mjs"

const [name, port, directory] = process.argv.slice(2)
mkdirSync(directory, { recursive: true })
const options = { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: join(directory, "log.txt") }
const app = express()
app.use(serve(stores[name].defaults({ prefix: join(directory, "/") }), options))
app.listen(Number(port), "127.0.0.1")
