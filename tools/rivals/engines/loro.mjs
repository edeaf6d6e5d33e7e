// A text, or a record of ten fields, as Loro keeps it.
import { LoroDoc } from "loro-crdt"

export class Document {
  constructor(doc = new LoroDoc()) {
    this.doc = doc
    this.shared = doc.getText("text")
  }

  static load(bytes) {
    return new Document(LoroDoc.fromSnapshot(bytes))
  }

  static empty() {
    return new Document()
  }

  static record(fields) {
    const document = new Document()
    const map = document.doc.getMap("record")
    for (const key in fields) map.set(key, fields[key])
    document.doc.commit()
    return document
  }

  // From now on every commit's update goes into the list.
  keep(changes) {
    this.doc.subscribeLocalUpdates(update => changes.push(update))
  }

  splice(at, deleted, insert) {
    if (deleted) this.shared.delete(at, deleted)
    if (insert) this.shared.insert(at, insert)
    this.doc.commit()
  }

  // One by one is faster than importBatch, of updates of one letter each.
  receive(changes) {
    for (const change of changes) this.doc.import(change)
  }

  text() {
    return this.shared.toString()
  }

  field(key) {
    return this.doc.getMap("record").get(key)
  }

  save() {
    return this.doc.export({ mode: "snapshot" })
  }

  close() {
    this.doc.free()
  }
}
