const notices = document.querySelector("#notices")!
const announcer = document.querySelector("#announcer")!

/** Tells those who can't see the page. */
export function announce(words: string) {
  announcer.textContent = words
}

/** Shows a line at the bottom, with something to do about it, until it is done or dismissed. */
export function notice(words: string, action?: { words: string; act: () => void }) {
  const line = document.createElement("div")
  line.className = "notice"
  const text = document.createElement("p")
  text.textContent = words
  line.append(text)
  const add = (label: string, act?: () => void) => {
    const button = document.createElement("button")
    button.textContent = label
    if (!act) button.ariaLabel = "Dismiss"
    button.addEventListener("click", () => {
      line.remove()
      act?.()
    })
    line.append(button)
  }
  if (action) add(action.words, action.act)
  add("×")
  notices.replaceChildren(line)
  announce(words)
}
