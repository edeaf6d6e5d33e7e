// A text, or a record of ten fields, as @automerge/automerge keeps it.
import * as Automerge from "@automerge/automerge"

export class Document {
  constructor(doc = Automerge.from({ text: "" })) {
    this.doc = doc
  }

  static load(bytes) {
    return new Document(Automerge.load(bytes))
  }

  static empty() {
    return new Document(Automerge.init())
  }

  // Strings are texts in Automerge; these values are not to be edited.
  static record(fields) {
    const values = Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === "string" ? new Automerge.ImmutableString(value) : value,
    ])
    return new Document(Automerge.change(Automerge.init(), doc => Object.assign(doc, Object.fromEntries(values))))
  }

  // From now on every change's bytes go into the list.
  keep(changes) {
    changes.push(...Automerge.getAllChanges(this.doc))
    this.changes = changes
  }

  splice(at, deleted, insert) {
    this.doc = Automerge.change(this.doc, doc => Automerge.splice(doc, ["text"], at, deleted, insert))
    this.changes?.push(Automerge.getLastLocalChange(this.doc))
  }

  receive(changes) {
    ;[this.doc] = Automerge.applyChanges(this.doc, changes)
  }

  text() {
    return this.doc.text
  }

  field(key) {
    return String(this.doc[key])
  }

  save() {
    return Automerge.save(this.doc)
  }

  close() {
    Automerge.free(this.doc)
  }
}
