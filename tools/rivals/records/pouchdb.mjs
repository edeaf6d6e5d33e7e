// PouchDB on leveldb, as npm has it and with one difference: leveldb itself
// syncs only what it is told to, and PouchDB doesn't tell it to. A store that is
// to be durable does.
import leveldown from "leveldown"
import find from "pouchdb-find"
import PouchDB from "pouchdb-node"

PouchDB.plugin(find)

export const stores = {
  pouchdb: PouchDB,
  "pouchdb-durable": PouchDB.defaults({ db: durable }),
}

// leveldb, every write of which is on disk when it is answered.
function durable(path) {
  const store = leveldown(path)
  for (const method of ["_put", "_del", "_batch"]) {
    const write = store[method].bind(store)
    store[method] = (...args) => {
      const callback = args.pop()
      const options = args.pop()
      write(...args, { ...options, sync: true }, callback)
    }
  }
  return store
}
durable.destroy = leveldown.destroy
