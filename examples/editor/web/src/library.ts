import type { AutomergeUrl, Repo } from "@automerge/automerge-repo/slim"
import { Document, type Text } from "./document"
import type { Link } from "./link"
import { forget, onListChange, readList, remember } from "./list"

/**
 * The documents of the list. All of them are opened, not only the one that is
 * shown: what was written offline goes to the relay as soon as there is one.
 * Fires "change" when the list changes, or something about its documents.
 */
export class Library extends EventTarget {
  #documents = new Map<AutomergeUrl, Document>()
  #removed = new Set<AutomergeUrl>()

  constructor(
    private repo: Repo,
    private link: Link,
  ) {
    super()
    this.#openAll()
    onListChange(() => this.#openAll())
  }

  /** The documents to list, the newest first. */
  get documents(): { document: Document; title: string }[] {
    return readList().map(entry => {
      const document = this.#document(entry.url)
      return { document, title: document.state === "ready" ? document.title : entry.title }
    })
  }

  get newest(): AutomergeUrl | undefined {
    return readList()[0]?.url
  }

  /** Makes a document, in this browser; the relay gets it in its time. */
  create(): AutomergeUrl {
    void navigator.storage?.persist?.() // so that the browser doesn't clear it away
    return this.repo.create<Text>({ title: "", text: "" }).url
  }

  /** Opens a document. It gets into the list when there is one. */
  open(url: AutomergeUrl): Document {
    this.#removed.delete(url)
    const document = this.#document(url)
    this.#note(document)
    return document
  }

  /** Takes a document off the list; open brings it back. */
  remove(url: AutomergeUrl) {
    this.#removed.add(url)
    forget(url)
    this.#changed()
  }

  #openAll() {
    for (const { url } of readList()) this.#document(url)
    this.#changed()
  }

  #document(url: AutomergeUrl): Document {
    let document = this.#documents.get(url)
    if (!document) {
      const atRelay = readList().find(entry => entry.url === url)?.atRelay
      document = new Document(url, atRelay, this.repo, this.link)
      document.addEventListener("change", () => this.#note(this.#documents.get(url)!))
      this.#documents.set(url, document)
    }
    return document
  }

  #note(document: Document) {
    if (document.state === "ready" && !this.#removed.has(document.url)) {
      remember({ url: document.url, title: document.title, atRelay: document.atRelay })
    }
    this.#changed()
  }

  #changed() {
    this.dispatchEvent(new Event("change"))
  }
}
