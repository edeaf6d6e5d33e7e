import assert from "node:assert/strict"
import { agree } from "./person.mjs"
import { atRelay } from "./relay.mjs"
import { story } from "./story.mjs"

story("two people write at once", async ({ program, arrive }) => {
  const [ann, bob] = await Promise.all([arrive("Ann"), arrive("Bob")])
  await ann.create("Minutes")
  await bob.follow(ann.link)
  await bob.reads("Minutes", "#title")
  await bob.listed("Minutes")

  await Promise.all([ann.write("Ann was here. 🐦\n"), bob.write("Bob, too. ")])
  const text = await agree(ann, bob)
  for (const part of ["Ann was here. 🐦", "Bob, too. "]) {
    // Letters may interleave where both wrote in the same place, but all are there.
    for (const letter of part) assert.ok(text.includes(letter), `${letter} is missing in ${text}`)
  }
  const kept = await atRelay(program, ann.link)
  assert.equal(kept.text, text)
  assert.equal(kept.title, "Minutes")
})

story("a line each, at the same time, stays whole", async ({ program, arrive }) => {
  const [ann, bob] = await Promise.all([arrive("Ann"), arrive("Bob")])
  await ann.create("Two lines")
  await ann.write("one\ntwo")
  await bob.follow(ann.link)
  await bob.reads("one\ntwo")
  await Promise.all([ann.write("Ann's line: ", "start"), bob.write(" is Bob's line")])
  assert.equal(await agree(ann, bob), "Ann's line: one\ntwo is Bob's line")
  assert.equal((await atRelay(program, ann.link)).text, "Ann's line: one\ntwo is Bob's line")
})

story("they see each other", async ({ arrive }) => {
  const [ann, bob] = await Promise.all([arrive("Ann"), arrive("Bob")])
  await ann.create("Presence")
  await ann.write("hello world")
  await bob.follow(ann.link)
  await Promise.all([ann.sees("Bob"), bob.sees("Ann")])
  await bob.reads("hello world")
  await bob.page.locator(".caret-name", { hasText: "Ann" }).waitFor()

  // Bob selects the first word; Ann sees which.
  await bob.page.focus("#text .cm-content")
  await bob.page.keyboard.press("Control+Home")
  await bob.page.keyboard.press("Control+Shift+ArrowRight")
  await ann.until("Bob's selection", () => ann.page.locator(".selected").allTextContents(), seen => seen.join("").trim() === "hello")

  // It stays on the word when text comes before it.
  await ann.write("well, ", "start")
  await bob.reads("well, hello world")
  await ann.until("Bob's selection", () => ann.page.locator(".selected").allTextContents(), seen => seen.join("").trim() === "hello")

  await bob.rename("Robert")
  await ann.sees("Robert")
  await bob.page.goto("about:blank")
  await ann.sees()
})

story("undo takes back one's own words", async ({ arrive }) => {
  const [ann, bob] = await Promise.all([arrive("Ann"), arrive("Bob")])
  await ann.create("Undo")
  await ann.write("mine, ")
  await bob.follow(ann.link)
  await bob.reads("mine, ")
  await bob.write("yours")
  await ann.reads("mine, yours")
  await ann.page.focus("#text .cm-content")
  await ann.page.keyboard.press("Control+z")
  await ann.reads("yours")
  await bob.reads("yours")
  await ann.page.keyboard.press("Control+y")
  await bob.reads("mine, yours")
})

story("the list: renamed, removed, brought back", async ({ arrive }) => {
  const ann = await arrive("Ann")
  await ann.create("First")
  const first = ann.link
  await ann.create("Second")
  await ann.page.getByRole("link", { name: "First" }).click()
  await ann.reads("First", "#title")
  await ann.page.locator("#title .cm-content").click()
  await ann.page.keyboard.press("End")
  await ann.page.keyboard.type(" of all")
  await ann.listed("First of all")
  await ann.page.keyboard.press("Enter")
  await ann.page.keyboard.type("Enter leads into the text")
  await ann.reads("Enter leads into the text")
  await ann.reads("First of all", "#title")

  await ann.page.getByRole("link", { name: "First of all" }).hover()
  await ann.page.getByRole("button", { name: "Remove First of all from the list" }).click()
  await ann.reads("Second", "#title")
  assert.deepEqual(await ann.page.locator("#list a").allTextContents(), ["Second"])
  await ann.page.getByRole("button", { name: "Undo" }).click()
  await ann.reads("First of all", "#title")
  await ann.reads("Enter leads into the text")
  assert.equal(ann.link, first)

  // Both tabs of one browser show the same list.
  const tab = await ann.context.newPage()
  await tab.goto(first)
  await tab.getByRole("link", { name: "First of all" }).waitFor()
  await ann.create("Third")
  await tab.getByRole("link", { name: "Third" }).waitFor()
})
