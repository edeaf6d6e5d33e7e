// A person with a browser of their own, at the page of the real program.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import assert from "node:assert/strict"
import { chromium } from "playwright-core"

const screenshots = process.env.EDITOR_SCREENSHOTS

/** How long anything may take before a story fails. No story waits for time. */
export const patience = 60_000

/** Starts a browser; each person gets a profile of their own in it. */
export const openBrowser = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] })

// What a browser writes when there is no network.
const expected = /WebSocket connection to|net::ERR_|Failed to load resource/

export class Person {
  static async arrive(browser, url, name, options = {}) {
    const person = new Person()
    person.name = name
    person.complaints = []
    person.context = await browser.newContext({ viewport: { width: 1200, height: 760 }, ...options })
    person.context.setDefaultTimeout(patience)
    person.page = await person.context.newPage()
    const complain = text => expected.test(text) || options.expects?.test(text) || person.complaints.push(`${name}: ${text}`)
    person.page.on("console", message => message.type() === "error" && complain(message.text()))
    person.page.on("pageerror", error => complain(error.stack || String(error)))
    await options.prepare?.(person)
    await person.page.goto(url)
    await person.page.locator("body:not([inert])").waitFor()
    await person.rename(name)
    return person
  }

  async rename(name) {
    const menu = this.page.locator("#menu") // on a narrow screen
    if (await menu.isVisible()) await menu.click()
    await this.page.fill("#name", name)
    await this.page.press("#name", "Enter")
    await this.page.press("#name", "Escape")
  }

  /** Makes a document and gives it a title. */
  async create(title) {
    await this.page.getByRole("button", { name: "New document" }).first().click()
    await this.page.locator("#title .cm-content:focus").waitFor()
    await this.page.keyboard.type(title)
    await this.listed(title)
  }

  /** Follows a link. */
  async follow(url) {
    await this.page.goto(url)
  }

  get link() {
    return this.page.url()
  }

  /** Writes at the end of the text, or at its start. */
  async write(text, where = "end") {
    await this.page.focus("#text .cm-content")
    await this.page.keyboard.press(where === "end" ? "Control+End" : "Control+Home")
    await this.page.keyboard.type(text, { delay: 5 })
  }

  /** The text on the page, without the names of those who are in it. */
  text(of = "#text") {
    return this.page.evaluate(textOf, of)
  }

  async reads(text, of = "#text") {
    await this.until(`${of} to be ${JSON.stringify(text)}`, () => this.text(of), seen => seen === text)
  }

  /** Waits until the page says so about where the document is saved. */
  async status(words) {
    await this.until(`the status to be ${words}`, () => this.page.textContent("#status"), seen => seen.trim() === words)
  }

  /** Waits until the others that are seen here are these. */
  async sees(...names) {
    const seen = () => this.page.locator("#people li").evaluateAll(items => items.map(item => item.ariaLabel).sort())
    await this.until(`${names} to be seen`, seen, others => String(others) === String(names.sort()))
  }

  /** Waits until the title is in the list. */
  async listed(title) {
    await this.page.locator("#list a", { hasText: title }).waitFor({ state: "attached" })
  }

  async look(name) {
    if (!screenshots) return
    mkdirSync(screenshots, { recursive: true })
    await this.page.screenshot({ animations: "disabled", path: join(screenshots, `${name}.png`) })
  }

  /** Waits for a condition, and says what it saw last if it never comes about. */
  async until(what, look, holds) {
    const end = Date.now() + patience
    let seen
    do {
      seen = await look()
      if (holds(seen)) return
      await new Promise(resolve => setTimeout(resolve, 25))
    } while (Date.now() < end)
    assert.fail(`${this.name} waited for ${what}; it is ${JSON.stringify(seen)}`)
  }

  /** Fails if anything went wrong that a person wouldn't see. */
  async leave() {
    await this.context.close()
    assert.deepEqual(this.complaints, [])
  }
}

function textOf(selector) {
  const lines = [...document.querySelectorAll(`${selector} .cm-line`)]
  return lines
    .map(line => {
      const copy = line.cloneNode(true)
      for (const other of copy.querySelectorAll(".caret, .cm-placeholder")) other.remove()
      return copy.textContent
    })
    .join("\n")
}

/** Waits until all read the same and it is saved everywhere; returns the text. */
export async function agree(...people) {
  for (const person of people) await person.status("Saved here and at the relay")
  const [first, ...others] = people
  const same = async () => Promise.all(people.map(person => person.text()))
  await first.until("all to read the same", same, texts => texts.every(text => text === texts[0]))
  for (const person of others) await person.reads(await first.text("#title"), "#title")
  return first.text()
}
