// Another client of the relay: automerge-repo in Node, which has nothing of its
// own. What it reads is what the relay has.
import { Repo } from "@automerge/automerge-repo"
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket"

export class Reader {
  constructor(program) {
    this.adapter = new WebSocketClientAdapter(`ws://${program.address}/sync`)
    this.repo = new Repo({ network: [this.adapter] })
  }

  /** Returns the document that a page's link leads to. */
  async read(link) {
    await this.adapter.whenReady()
    return (await this.repo.find(new URL(link).hash.slice(1))).doc()
  }

  /** Makes a document that the page knows nothing of, and returns a link to it. */
  create(program, value) {
    return `${program.url}#${this.repo.create(value).url}`
  }

  close() {
    return this.repo.shutdown()
  }
}

/** Reads a document as the relay has it now. */
export async function atRelay(program, link) {
  const reader = new Reader(program)
  try {
    return await reader.read(link)
  } finally {
    await reader.close()
  }
}
