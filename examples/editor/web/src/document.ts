import type { AutomergeUrl, DocHandle, DocumentId, Repo, StorageId, UrlHeads } from "@automerge/automerge-repo/slim"
import { type HeardEvent, type Link } from "./link"

/** What a document of this editor holds. Both texts merge letter by letter. */
export interface Text {
  title: string
  text: string
}

/** Where the relay was, when we last heard from it. */
export interface AtRelay {
  storageId: StorageId
  heads: UrlHeads
}

/**
 * A document and where it is saved. Fires "change" when any of it changes.
 *
 * "Saved here" is said once the browser's database has confirmed it, and "saved
 * at the relay" once the relay has named our heads as its own: it names only
 * what is on its disk.
 */
export class Document extends EventTarget {
  state: "opening" | "missing" | "ready" | "foreign" = "opening"
  /** What of it is in this browser's database. */
  here: "saving" | "saved" | { failed: string } = "saved"
  /** The relay answers, but it has not taken our changes. */
  refused = false
  readonly handle: DocHandle<Text>

  #savedHere = ""
  #saving = false
  #waiting?: ReturnType<typeof setTimeout>
  #heard = 0 // messages from the relay, since it connected

  constructor(
    readonly url: AutomergeUrl,
    public atRelay: AtRelay | undefined,
    private repo: Repo,
    private link: Link,
  ) {
    super()
    this.handle = repo.findWithProgress<Text>(url).handle
    link.addEventListener("change", () => this.#linked())
    link.addEventListener("heard", event => this.#hear(event as HeardEvent))
    void this.#open()
  }

  get id(): DocumentId {
    return this.url.slice("automerge:".length) as DocumentId
  }

  get title(): string {
    return this.state === "ready" ? this.handle.doc().title.trim() || firstLine(this.handle.doc().text) : ""
  }

  /** Whether the relay has all that is here, as far as we know. */
  get savedAtRelay(): boolean {
    if (this.state !== "ready" || !this.atRelay) return false
    const storageId = this.link.relay?.storageId
    if (storageId && storageId !== this.atRelay.storageId) return false // the relay has lost its store
    return same(this.handle.heads(), this.atRelay.heads)
  }

  /** Whether the relay has talked with us about it, since it connected. */
  get engaged(): boolean {
    return this.#heard > 0
  }

  /** Whether it holds what the relay won't have soon. */
  get unsent(): boolean {
    return this.state === "ready" && !this.savedAtRelay && (this.refused || (this.link.tried && !this.link.relay))
  }

  /** Resolves when there is a document, which may be long after it was opened. */
  async ready(): Promise<DocHandle<Text> | undefined> {
    while (this.state === "opening" || this.state === "missing") {
      await new Promise(resolve => this.addEventListener("change", resolve, { once: true }))
    }
    return this.state === "ready" ? this.handle : undefined
  }

  async #open() {
    const { handle } = this
    handle.on("remote-heads", ({ storageId, heads }) => this.#acknowledge(storageId, heads))
    // The handle says so before it is ready itself.
    handle.on("heads-changed", () => queueMicrotask(() => void this.#save()))
    try {
      await this.repo.find(this.url, { allowableStates: ["ready", "unavailable"] })
    } catch (error) {
      this.#failed(error)
    }
    this.#arrived()
    void this.#save()
  }

  #arrived() {
    const { handle } = this
    if (!handle.isReady()) this.state = "missing"
    else if (typeof handle.doc().text === "string" && typeof handle.doc().title === "string") this.state = "ready"
    else this.state = "foreign"
    this.#changed()
  }

  /** Waits for the database; repo.flush writes what it doesn't have yet. */
  async #save() {
    if (this.state !== "ready") this.#arrived()
    if (this.#saving || !this.handle.isReady()) return
    this.#saving = true
    this.here = "saving"
    try {
      while (this.#savedHere !== this.handle.heads().join()) {
        this.#changed()
        const heads = this.handle.heads().join()
        await this.repo.flush([this.id])
        this.#savedHere = heads
      }
      this.here = "saved"
    } catch (error) {
      this.#failed(error)
    }
    this.#saving = false
    this.#changed()
  }

  #failed(error: unknown) {
    this.here = { failed: error instanceof Error ? error.message : String(error) }
  }

  #acknowledge(storageId: StorageId, heads: UrlHeads) {
    if (storageId !== this.link.relay?.storageId) return
    this.atRelay = { storageId, heads }
    this.refused = false
    this.link.gotThrough()
    this.#await(true)
    this.#changed()
  }

  #linked() {
    if (!this.link.relay) this.#heard = 0
    this.#changed()
  }

  #hear({ documentId, about }: HeardEvent) {
    if (documentId === this.id && about === "sync" && ++this.#heard === 1) this.#changed()
  }

  #changed() {
    if (!this.link.relay || this.savedAtRelay) this.refused = false
    this.#await(false)
    this.dispatchEvent(new Event("change"))
  }

  /**
   * While the relay owes us an answer, watches what gets through. If nothing
   * does, the socket is dead, whatever it says. If the relay talks about the
   * document, and has not taken our changes, it doesn't want them.
   */
  #await(anew: boolean) {
    const owed = this.state === "ready" && this.link.relay !== undefined && !this.savedAtRelay
    if (!owed || anew) {
      clearTimeout(this.#waiting)
      this.#waiting = undefined
    }
    if (!owed || this.#waiting) return
    const trace = this.link.trace()
    const heard = this.#heard
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined
      if (this.link.trace() === trace) return this.link.renew()
      this.refused = this.#heard > heard
      this.#changed()
    }, this.link.patience)
  }
}

const same = (a: UrlHeads, b: UrlHeads) => a.length === b.length && [...a].sort().join() === [...b].sort().join()

const firstLine = (text: string) => text.trimStart().split("\n", 1)[0]!.slice(0, 80)
