import { Automerge, Presence } from "@automerge/automerge-repo/slim"
import type { Document, Text } from "./document"
import { read, write } from "./stored"

const key = "godwit-editor-person"

/** As many as style.css has. */
export const colors = 8

/** Who is at a document, as they say themselves. */
export interface Person {
  /** The same for as long as a tab is open, also when it is loaded again. */
  id: string
  name: string
  /** An index into the palette: what others send never gets into a style. */
  color: number
  /** Automerge cursors, which stay where they are in the text while others write. */
  selection?: { anchor: string; head: string }
}

/** Our own name and color, kept for the next time. */
export function readMe(): Person {
  const id = tabId()
  return sane({ ...(read(key) ?? {}), id }) ?? { id, name: pick(birds), color: Math.floor(Math.random() * colors) }
}

export function writeMe({ name, color }: Person) {
  write(key, { name, color })
}

/**
 * The others who have a document open, through automerge-repo's Presence.
 * Fires "change" when one comes, goes, moves, or renames themself.
 */
export class People extends EventTarget {
  #presence: Presence<{ person: Person }, Text>
  #me: Person
  #throttle?: ReturnType<typeof setTimeout>
  #stop = new AbortController()

  constructor(document: Document, me: Person) {
    super()
    this.#me = me
    this.#presence = new Presence({ handle: document.handle })
    for (const event of ["update", "snapshot", "goodbye", "pruning"] as const) {
      this.#presence.on(event, () => this.#changed())
    }
    document.addEventListener("change", () => this.#meet(document.engaged), { signal: this.#stop.signal })
    this.#meet(document.engaged)
  }

  /** The others; nobody while we are offline, since nobody can be seen then. */
  get others(): Person[] {
    if (!this.#presence.running) return []
    const others = new Map<string, Person>()
    const states = Object.values(this.#presence.getPeerStates().value)
    for (const { value } of states.sort((a, b) => a.lastSeenAt - b.lastSeenAt)) {
      const person = sane(value.person)
      if (person) others.set(person.id, person) // the latest, if they came back as another peer
    }
    return [...others.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Says who we are, or where, a tenth of a second later at the most. */
  tell(change: Partial<Person>) {
    const me = { ...this.#me, ...change }
    if (JSON.stringify(me) === JSON.stringify(this.#me)) return
    this.#me = me
    this.#throttle ??= setTimeout(() => this.#say(), 100)
  }

  /** Says goodbye. */
  stop() {
    this.#stop.abort()
    clearTimeout(this.#throttle)
    this.#presence.stop()
  }

  #say() {
    this.#throttle = undefined
    if (this.#presence.running) this.#presence.broadcast("person", this.#me)
  }

  // The relay passes on only what comes from those who have the document open;
  // and those who were here may have gone when we come back.
  #meet(engaged: boolean) {
    if (engaged === this.#presence.running) return
    if (engaged) this.#presence.start({ initialState: { person: this.#me } })
    else this.#presence.stop()
    this.#changed()
  }

  #changed() {
    this.dispatchEvent(new Event("change"))
  }
}

/** The cursor that stands at a position of the text: after the letter before it. */
export function cursorAt(doc: Text, position: number): string {
  return position === 0 ? "" : Automerge.getCursor(doc, ["text"], position - 1, "before")
}

/** Where a cursor stands now; undefined if it is in a part that we don't have yet. */
export function positionOf(doc: Text, cursor: string): number | undefined {
  if (cursor === "") return 0
  try {
    return Math.min(Automerge.getCursorPosition(doc, ["text"], cursor) + 1, doc.text.length)
  } catch {
    return undefined
  }
}

/** What others send may be anything. */
function sane(value: unknown): Person | undefined {
  const { id, name, color, selection } = (value ?? {}) as Record<string, unknown>
  if (typeof id !== "string" || typeof name !== "string" || typeof color !== "number") return undefined
  const { anchor, head } = (selection ?? {}) as Record<string, unknown>
  return {
    id,
    name: name.trim().slice(0, 40) || "Somebody",
    color: Math.abs(Math.trunc(color)) % colors || 0,
    selection: typeof anchor === "string" && typeof head === "string" ? { anchor, head } : undefined,
  }
}

function tabId(): string {
  const id = String(read(key, "session") ?? crypto.getRandomValues(new Uint32Array(4)))
  write(key, id, "session")
  return id
}

const pick = <T>(list: T[]) => list[Math.floor(Math.random() * list.length)]!

const birds = ["Avocet", "Curlew", "Dunlin", "Knot", "Lapwing", "Plover", "Ruff", "Sanderling", "Snipe", "Turnstone", "Whimbrel"]
