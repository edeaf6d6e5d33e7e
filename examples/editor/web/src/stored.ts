/**
 * The few things that aren't documents are kept by the browser as JSON: "local"
 * for all tabs and for good, or "session" for as long as a tab is open. A
 * browser may refuse; then they last as long as the page.
 */
type Where = "local" | "session"

const page = new Map<string, string>()

/** What was written under a key, in whatever shape; undefined if there is nothing. */
export function read(key: string, where: Where = "local"): unknown {
  try {
    return JSON.parse(window[`${where}Storage`].getItem(key) ?? "null") ?? undefined
  } catch {
    return JSON.parse(page.get(key) ?? "null") ?? undefined
  }
}

export function write(key: string, value: unknown, where: Where = "local") {
  page.set(key, JSON.stringify(value))
  try {
    window[`${where}Storage`].setItem(key, JSON.stringify(value))
  } catch {
    // It lasts as long as the page.
  }
}
