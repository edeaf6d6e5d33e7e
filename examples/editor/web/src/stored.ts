/**
 * The few things that aren't documents live in the browser's local storage. A
 * browser may refuse it; then they last as long as the page.
 */
const page = new Map<string, string>()

/** What was written under a key, in whatever shape; undefined if there is nothing. */
export function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? page.get(key) ?? "null") ?? undefined
  } catch {
    return undefined
  }
}

export function write(key: string, value: unknown) {
  page.set(key, JSON.stringify(value))
  try {
    localStorage.setItem(key, JSON.stringify(value))
  } catch {
    // It lasts as long as the page.
  }
}
