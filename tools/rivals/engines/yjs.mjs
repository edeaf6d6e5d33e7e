// A text, or a record of ten fields, as Yjs keeps it.
import * as Y from "yjs"

export class Document {
  constructor() {
    this.doc = new Y.Doc()
    this.shared = this.doc.getText("text")
  }

  static load(bytes) {
    const document = new Document()
    Y.applyUpdate(document.doc, bytes)
    return document
  }

  static empty() {
    return new Document()
  }

  static record(fields) {
    const document = new Document()
    const map = document.doc.getMap("record")
    document.doc.transact(() => {
      for (const key in fields) map.set(key, fields[key])
    })
    return document
  }

  // From now on every transaction's update goes into the list.
  keep(changes) {
    this.doc.on("update", update => changes.push(update))
  }

  splice(at, deleted, insert) {
    this.doc.transact(() => {
      if (deleted) this.shared.delete(at, deleted)
      if (insert) this.shared.insert(at, insert)
    })
  }

  // Many updates are faster within one transaction; Y.mergeUpdates of as many
  // doesn't end within minutes.
  receive(changes) {
    this.doc.transact(() => {
      for (const change of changes) Y.applyUpdate(this.doc, change)
    })
  }

  text() {
    return this.shared.toString()
  }

  field(key) {
    return this.doc.getMap("record").get(key)
  }

  save() {
    return Y.encodeStateAsUpdate(this.doc)
  }

  saveSmaller() {
    return Y.encodeStateAsUpdateV2(this.doc)
  }

  close() {
    this.doc.destroy()
  }
}
