import { type AutomergeUrl, isValidAutomergeUrl } from "@automerge/automerge-repo/slim"
import type { AtRelay } from "./document"
import { read, write } from "./stored"

/** A document in this browser's list, as it was when it was last open. */
export interface Entry {
  url: AutomergeUrl
  title: string
  atRelay?: AtRelay
}

const key = "godwit-editor-list"

/** The documents that this browser knows, the newest first. All tabs share them. */
export function readList(): Entry[] {
  const list = read(key)
  return Array.isArray(list) ? list.filter(entry => isValidAutomergeUrl(entry?.url)) : []
}

/** Adds the document, or brings its entry up to date. */
export function remember(entry: Entry) {
  const list = readList()
  const index = list.findIndex(({ url }) => url === entry.url)
  if (index < 0) write(key, [entry, ...list])
  else if (JSON.stringify(list[index]) !== JSON.stringify(entry)) write(key, list.with(index, entry))
}

/** Takes the document off the list. It stays in the browser and at the relay. */
export function forget(url: AutomergeUrl) {
  write(key, readList().filter(entry => entry.url !== url))
}

/** Calls back when another tab has changed the list. */
export function onListChange(callback: () => void) {
  addEventListener("storage", event => event.key === key && callback())
}
