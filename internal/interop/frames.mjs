// Frames counts and remembers what crossed a client's adapter, in either
// direction, so that a test can assert silence and a failure can show traffic.
const remembered = 400

export class Frames {
  #adapter
  #sent = []
  #received = []
  #log = []

  constructor(previous) {
    if (previous) this.#adopt(previous)
  }

  watch(adapter) {
    adapter.frames = this
    const send = adapter.send.bind(adapter)
    adapter.send = message => {
      adapter.frames.#note("→", adapter.frames.#sent, message)
      return send(message)
    }
    adapter.on("message", message => adapter.frames.#note("←", adapter.frames.#received, message))
    this.#adapter = adapter
  }

  #adopt(previous) {
    this.#adapter = previous.#adapter
    if (this.#adapter) this.#adapter.frames = this
  }

  #note(direction, list, message) {
    list.push({ type: message.type, doc: message.documentId })
    const data = message.data ? Buffer.from(message.data).toString("hex") : ""
    this.#log.push([direction, message.type, message.documentId ?? "", data.slice(0, 400)].join(" ").trim())
    if (this.#log.length > remembered) this.#log.shift()
  }

  /** Counts by type, of one document or of all, and the newest frames. */
  describe(doc) {
    const count = list => {
      const counts = {}
      for (const frame of list) if (!doc || frame.doc === doc) counts[frame.type] = (counts[frame.type] ?? 0) + 1
      return counts
    }
    return { sent: count(this.#sent), received: count(this.#received), log: this.#log.filter(l => !doc || l.includes(doc)) }
  }
}
