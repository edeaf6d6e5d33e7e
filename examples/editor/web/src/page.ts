import type { EditorView } from "@codemirror/view"
import { cursors } from "./cursors"
import type { Document } from "./document"
import { textEditor, titleEditor } from "./editor"
import type { Link } from "./link"
import { notice } from "./notices"
import { People, type Person } from "./people"
import { statusOf } from "./status"

const find = <T extends HTMLElement>(selector: string) => document.querySelector<T>(selector)!
const bar = find("#bar")
const status = find("#status")
const people = find("#people")
const article = find("#document")
const message = find("#message")

/** The part of the page that shows one document, or says why there is none. */
export class Page {
  #document?: Document
  #people?: People
  #editors: EditorView[] = []
  #closing = new AbortController()

  constructor(private link: Link) {
    find("#share").addEventListener("click", () => void this.#share())
  }

  /** Shows a document, as soon as there is one. */
  open(document: Document, me: Person) {
    this.#close()
    this.#document = document
    const { signal } = this.#closing
    document.addEventListener("change", () => this.#render(), { signal })
    this.#render()
    void document.ready().then(handle => {
      if (!handle || signal.aborted) return
      this.#people = new People(document, me)
      this.#people.addEventListener("change", () => this.#renderPeople(), { signal })
      this.#renderPeople()
      const text = textEditor(find("#text"), handle, cursors(handle, this.#people))
      const title = titleEditor(find("#title"), handle, () => text.focus())
      this.#editors = [text, title]
      if (handle.doc().title === "" && handle.doc().text === "") title.focus()
    })
  }

  /** Shows no document, but how to begin. */
  welcome() {
    this.#close()
    this.explain(
      "Write together, and on your own",
      "A document is kept in this browser, works without a network, and merges with what others write when there is one.",
    )
  }

  explain(what: string, more: string) {
    this.#close()
    this.#explain(what, more)
  }

  /** We have another name. */
  iAm({ name, color }: Person) {
    this.#people?.tell({ name, color })
  }

  /** Says goodbye to the others. */
  leave() {
    this.#close()
  }

  #close() {
    this.#closing.abort()
    this.#closing = new AbortController()
    this.#people?.stop()
    for (const editor of this.#editors) editor.destroy()
    this.#editors = []
    this.#people = this.#document = undefined
    people.replaceChildren()
    document.title = "godwit editor"
    bar.dataset.empty = "true"
  }

  #render() {
    const document_ = this.#document!
    const { kind, words, why } = statusOf(document_, this.link)
    bar.dataset.empty = "false"
    status.dataset.kind = kind
    status.title = why ?? ""
    status.firstElementChild!.textContent = words
    document.title = `${document_.title || "Untitled"} · godwit editor`
    if (document_.state === "ready") this.#show(article)
    else if (document_.state === "foreign") this.#explain("This is something else", "The document has no text that this editor could show.")
    else if (document_.state === "missing") this.#missing(document_)
  }

  #missing({ here }: Document) {
    if (typeof here === "object") return this.#explain("This browser can't read its copy", here.failed)
    if (!this.link.relay) return this.#explain("Not in this browser", "It will be fetched when there is a connection to the relay.")
    this.#explain("Not at the relay yet", "It shows up here as soon as somebody who has it connects.")
  }

  #explain(what: string, more: string) {
    message.querySelector("h1")!.textContent = what
    message.querySelector("p")!.textContent = more
    this.#show(message)
  }

  #show(section: HTMLElement) {
    article.hidden = section !== article
    message.hidden = section !== message
  }

  #renderPeople() {
    people.replaceChildren(
      ...(this.#people?.others ?? []).map(person => {
        const item = document.createElement("li")
        item.className = `color-${person.color}`
        item.title = person.name
        item.ariaLabel = person.name
        item.textContent = [...person.name][0]!.toUpperCase()
        return item
      }),
    )
  }

  async #share() {
    try {
      await navigator.clipboard.writeText(location.href)
      notice("The link is copied. Whoever has it can read and write.")
    } catch {
      prompt("Whoever has this link can read and write:", location.href)
    }
  }
}
