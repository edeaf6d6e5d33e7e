// What every story begins and ends with.
import { test } from "node:test"
import { Program } from "./program.mjs"
import { openBrowser, Person } from "./person.mjs"

/**
 * Tells a story: a program, a browser, and as many people as arrive. They leave
 * at the end, which fails the story if their pages complained.
 */
export function story(name, tell) {
  test(name, { timeout: 240_000 }, async t => {
    const program = await Program.start()
    t.after(() => program.remove())
    const browser = await openBrowser()
    t.after(() => browser.close())
    const people = []
    const arrive = async (name, options) => {
      const person = await Person.arrive(browser, options?.url ?? program.url, name, options)
      people.push(person)
      return person
    }
    await tell({ program, arrive })
    for (const person of people) await person.leave()
  })
}
