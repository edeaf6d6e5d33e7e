import { type AutomergeUrl, initializeWasm, isValidAutomergeUrl, isValidDocumentId, Repo } from "@automerge/automerge-repo/slim"
import { IndexedDBStorageAdapter } from "@automerge/automerge-repo-storage-indexeddb"
import wasm from "@automerge/automerge/automerge.wasm?url"
import { Link } from "./link"
import { keepPage } from "./offline"
import { Library } from "./library"
import { announce, notice } from "./notices"
import { Page } from "./page"
import { Sidebar } from "./sidebar"

await initializeWasm(wasm)

const repo = new Repo({ storage: new IndexedDBStorageAdapter("godwit-editor") })
const relay = new URL("sync", document.baseURI)
relay.protocol = relay.protocol.replace("http", "ws")
const link = new Link(repo, relay.href)
const library = new Library(repo, link)
const page = new Page(link)
const sidebar = new Sidebar(library, me => page.iAm(me))

/** The address says which document is open: #automerge:… */
function route() {
  const url = linked(location.hash.slice(1))
  sidebar.close()
  if (url) page.open(library.open(url), sidebar.me)
  else if (!location.hash) page.welcome()
  else page.explain("This link leads to no document", "Part of it may be missing. Ask for it again.")
  sidebar.render()
}

/** What a link leads to: some who pass it on leave out the beginning, or escape the colon. */
function linked(hash: string): AutomergeUrl | undefined {
  const url = isValidDocumentId(hash) ? `automerge:${hash}` : hash.replace(/^automerge%3a/i, "automerge:")
  return isValidAutomergeUrl(url) ? url : undefined
}

addEventListener("hashchange", route)
for (const button of document.querySelectorAll("#new, #message button")) {
  button.addEventListener("click", () => (location.hash = library.create()))
}
// What was written in the last moment still goes into the database.
addEventListener("visibilitychange", () => document.hidden && void repo.flush())
addEventListener("pagehide", () => page.leave())
addEventListener("pageshow", event => event.persisted && route())

if (!location.hash && library.newest) history.replaceState(null, "", `#${library.newest}`)
route()
document.body.inert = false // until now, nothing would have come of a click

link.addEventListener("change", () => announce(link.relay ? "Connected to the relay" : "Offline"))

try {
  const look = await keepPage(change => notice("There is a new version of this editor.", { words: "Reload", act: change }))
  link.addEventListener("change", () => link.relay && look())
} catch (error) {
  notice(`This page won't open without a network: ${error instanceof Error ? error.message : error}`)
}
