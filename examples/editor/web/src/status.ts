import type { Document } from "./document"
import type { Link } from "./link"

/** One of the ways in which the page marks a status. */
export type Kind = "good" | "busy" | "away" | "bad"

export interface Status {
  kind: Kind
  words: string
  why?: string
}

/** Says where the document is saved, and no more than is known. */
export function statusOf(document: Document, link: Link): Status {
  const { state, here } = document
  if (typeof here === "object") {
    return { kind: "bad", words: state === "ready" ? "Not saved in this browser" : "Can't be read in this browser", why: here.failed }
  }
  if (state === "foreign") return { kind: "bad", words: "Not a text of this editor" }
  if (state === "opening") return { kind: "busy", words: "Opening…" }
  if (!link.tried) return { kind: "busy", words: state === "missing" ? "Opening…" : "Saved here · connecting…" }
  return link.relay ? connected(document) : offline(document)
}

function connected({ state, here, savedAtRelay, refused }: Document): Status {
  if (state === "missing") return { kind: "bad", words: "Not available" }
  if (here === "saving") return { kind: "busy", words: "Saving…" }
  if (savedAtRelay) return { kind: "good", words: "Saved here and at the relay" }
  if (!refused) return { kind: "busy", words: "Saved here · sending…" }
  return { kind: "bad", words: "Saved here · not taken by the relay", why: "The relay answers, but it has not taken what you wrote." }
}

function offline({ state, here, savedAtRelay }: Document): Status {
  if (state === "missing") return { kind: "away", words: "Offline · not in this browser" }
  if (here === "saving") return { kind: "busy", words: "Offline · saving…" }
  if (savedAtRelay) return { kind: "away", words: "Offline · saved here and at the relay" }
  return { kind: "away", words: "Offline · saved here", why: "The relay gets it when there is a connection." }
}
