import assert from "node:assert/strict"
import { story } from "./story.mjs"

const phone = { viewport: { width: 360, height: 720 }, isMobile: true, hasTouch: true }

story("how it looks, in light, dark, and on a phone", async ({ program, arrive }) => {
  const ann = await arrive("Ann")
  await ann.page.getByRole("heading", { name: "Write together" }).waitFor()
  await ann.look("welcome-light")
  await ann.create("Letters home")
  await ann.create("A title that goes on and on, because somebody could not decide what it should be about")
  await ann.create("The long flight")
  await ann.write(
    "Bar-tailed godwits fly from Alaska to New Zealand without landing once: eleven days over open sea.\n\n" +
      "Nobody tells them what time it is. They arrive all the same, and so do the others.\n\n- wind\n- stars\n- each other\n\n",
  )
  const [bob, cleo] = await Promise.all([arrive("Bob", { colorScheme: "dark" }), arrive("Cleo", phone)])
  await Promise.all([bob.follow(ann.link), cleo.follow(ann.link)])
  await cleo.write("Cleo adds a line at the end.")
  await bob.sees("Ann", "Cleo")
  await bob.page.focus("#text .cm-content")
  await bob.page.keyboard.press("Control+Home")
  for (let i = 0; i < 18; i++) await bob.page.keyboard.press("Shift+ArrowRight")
  await ann.sees("Bob", "Cleo")
  await ann.page.locator(".selected").waitFor()
  await ann.look("document-light")
  await bob.look("document-dark")
  await cleo.look("document-phone")
  assert.ok(await cleo.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it fits a phone's width")

  await cleo.page.getByRole("button", { name: "Documents" }).click()
  await cleo.page.locator("#new:focus").waitFor()
  await cleo.look("list-phone")
  await cleo.page.getByRole("button", { name: "Remove The long flight" }).click()
  await cleo.page.locator(".notice", { hasText: "is off your list" }).waitFor()
  await cleo.look("notice-phone")
  await bob.page.goto(program.url + "#nonsense")
  await bob.page.getByRole("heading", { name: "leads to no document" }).waitFor()
  await bob.look("message-dark")
})

story("with a keyboard alone", async ({ arrive }) => {
  const ann = await arrive("Ann", phone)
  const press = async (...keys) => {
    for (const key of keys) await ann.page.keyboard.press(key)
  }
  const at = what =>
    ann.until(
      `the focus to be at ${what}`,
      () => ann.page.evaluate(() => document.activeElement.ariaLabel || document.activeElement.textContent.trim()),
      seen => seen === what,
    )
  await ann.page.locator("#menu").focus()
  await press("Enter")
  await at("New document")
  await press("Enter")
  await ann.page.locator("#title .cm-content:focus").waitFor()
  await ann.page.keyboard.type("By hand")
  await press("Tab")
  await at("Text")
  await ann.page.keyboard.type("and on")
  await press("Shift+Tab", "Shift+Tab")
  await at("Copy link")
  await press("Shift+Tab", "Enter")
  await at("New document")
  await press("Tab")
  await at("By hand")
  await press("Tab")
  await at("Remove By hand from the list")
  await press("Escape")
  await at("Documents")
  assert.equal(await ann.page.getAttribute("#menu", "aria-expanded"), "false")
  await ann.reads("and on")
})

story("nothing is fetched from elsewhere", async ({ program, arrive }) => {
  const asked = []
  const ann = await arrive("Ann", {
    prepare: person => person.context.on("request", request => asked.push(new URL(request.url()).host)),
  })
  await ann.create("Private")
  await ann.status("Saved here and at the relay")
  assert.deepEqual([...new Set(asked)], [program.address])
})
