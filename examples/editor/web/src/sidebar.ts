import type { Document } from "./document"
import type { Library } from "./library"
import { notice } from "./notices"
import { type Person, readMe, writeMe } from "./people"

const sidebar = document.querySelector<HTMLElement>("#sidebar")!
const list = document.querySelector<HTMLElement>("#list")!
const menu = document.querySelector<HTMLButtonElement>("#menu")!
const name = document.querySelector<HTMLInputElement>("#name")!

/** The list of documents, and who we are. On a narrow screen it opens on demand. */
export class Sidebar {
  me: Person = readMe()
  #items = new Map<string, HTMLElement>()

  constructor(
    private library: Library,
    private iAm: (me: Person) => void,
  ) {
    writeMe(this.me)
    name.value = this.me.name
    name.parentElement!.classList.add(`color-${this.me.color}`)
    name.addEventListener("change", () => this.#rename())
    library.addEventListener("change", () => this.render())
    menu.addEventListener("click", () => (sidebar.classList.contains("open") ? this.close() : this.#open()))
    sidebar.addEventListener("keydown", event => event.key === "Escape" && this.close())
    document.querySelector("main")!.addEventListener("pointerdown", event => {
      if (!menu.contains(event.target as Node)) this.close()
    })
  }

  /** Brings the list up to date, in place: somebody may be about to click. */
  render() {
    const items = this.library.documents.map(({ document, title }) => this.#item(document, title || "Untitled"))
    if (items.some((item, index) => list.children[index] !== item) || items.length !== list.childElementCount) {
      list.replaceChildren(...items)
    }
  }

  close() {
    if (!sidebar.classList.contains("open")) return
    const within = sidebar.contains(document.activeElement)
    sidebar.classList.remove("open")
    menu.setAttribute("aria-expanded", "false")
    if (within) menu.focus()
  }

  #open() {
    sidebar.classList.add("open")
    menu.setAttribute("aria-expanded", "true")
    document.querySelector<HTMLElement>("#new")!.focus()
  }

  #rename() {
    this.me = { ...this.me, name: name.value.trim() || "Somebody" }
    name.value = this.me.name
    writeMe(this.me)
    this.iAm(this.me)
  }

  #item(entry: Document, title: string): HTMLElement {
    const item = this.#items.get(entry.url) ?? this.#newItem(entry)
    this.#items.set(entry.url, item)
    const [link, remove] = [...item.children] as [HTMLAnchorElement, HTMLButtonElement]
    link.textContent = title
    link.toggleAttribute("data-unsent", entry.unsent)
    link.title = entry.unsent ? "Not yet at the relay" : ""
    if (location.hash === link.hash) link.setAttribute("aria-current", "page")
    else link.removeAttribute("aria-current")
    remove.ariaLabel = `Remove ${title} from the list`
    return item
  }

  #newItem(entry: Document): HTMLElement {
    const item = document.createElement("li")
    const link = document.createElement("a")
    link.href = `#${entry.url}`
    const remove = document.createElement("button")
    remove.title = "Remove from the list"
    remove.textContent = "×"
    remove.addEventListener("click", () => this.#remove(entry, link.textContent!))
    item.append(link, remove)
    return item
  }

  #remove(entry: Document, title: string) {
    const open = location.hash === `#${entry.url}`
    this.library.remove(entry.url)
    if (open) location.hash = this.library.newest ?? ""
    notice(`“${title}” is off your list. Its link still leads to it.`, {
      words: "Undo",
      act: () => {
        this.library.open(entry.url)
        if (open) location.hash = entry.url
      },
    })
  }
}
