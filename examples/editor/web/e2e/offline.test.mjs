import assert from "node:assert/strict"
import { agree } from "./person.mjs"
import { atRelay } from "./relay.mjs"
import { story } from "./story.mjs"

// Chromium's offline emulation: new connections fail, and the one that is open
// goes silent without being closed.
story("without a network for a while, and reloaded meanwhile", async ({ program, arrive }) => {
  const [ann, bob] = await Promise.all([arrive("Ann"), arrive("Bob")])
  await ann.create("Journey")
  await ann.write("day one\n")
  await bob.follow(ann.link)
  await bob.reads("day one\n")
  await ann.sees("Bob")
  await kept(ann)

  await ann.context.setOffline(true)
  await ann.status("Offline · saved here and at the relay")
  await ann.sees()
  await ann.write("Ann, on a plane\n")
  await ann.status("Offline · saved here")
  await ann.page.locator("#list a[data-unsent]").waitFor()
  await bob.write("Bob, at home\n", "start")
  await bob.status("Saved here and at the relay")

  await ann.page.reload()
  await ann.reads("day one\nAnn, on a plane\n")
  await ann.reads("Journey", "#title")
  await ann.listed("Journey")
  await ann.status("Offline · saved here")
  await ann.write("and still on it\n")
  await ann.create("Written up there")
  await ann.write("above the clouds")
  await ann.status("Offline · saved here")
  const second = ann.link
  await ann.look("offline")
  await ann.page.reload()
  await ann.reads("above the clouds")
  assert.equal((await atRelay(program, bob.link)).text, "Bob, at home\nday one\n")

  await ann.context.setOffline(false)
  await ann.status("Saved here and at the relay")
  await bob.reads("Bob, at home\nday one\nAnn, on a plane\nand still on it\n")
  await ann.page.getByRole("link", { name: "Journey" }).click()
  assert.equal(await agree(ann, bob), await bob.text())
  await Promise.all([ann.sees("Bob"), bob.sees("Ann")])
  assert.equal((await atRelay(program, bob.link)).text, await bob.text())
  assert.equal((await atRelay(program, second)).text, "above the clouds")
  assert.equal(await ann.page.locator("#list a[data-unsent]").count(), 0)
})

for (const signal of ["SIGTERM", "SIGKILL"]) {
  story(`the relay goes away with ${signal}, and comes back`, async ({ program, arrive }) => {
    const [ann, bob] = await Promise.all([arrive("Ann"), arrive("Bob")])
    await ann.create("Log")
    await ann.write("before\n")
    await bob.follow(ann.link)
    await agree(ann, bob)
    await kept(bob)

    await program.stop(signal)
    await ann.status("Offline · saved here and at the relay")
    await bob.status("Offline · saved here and at the relay")
    await Promise.all([ann.write("Ann meanwhile\n"), bob.write("Bob meanwhile\n", "start")])
    await bob.status("Offline · saved here")
    await bob.page.reload() // nobody serves the page
    await bob.reads("Bob meanwhile\nbefore\n")

    await program.start()
    assert.equal(await agree(ann, bob), "Bob meanwhile\nbefore\nAnn meanwhile\n")
    assert.equal((await atRelay(program, ann.link)).text, "Bob meanwhile\nbefore\nAnn meanwhile\n")
    await Promise.all([ann.sees("Bob"), bob.sees("Ann")])
  })
}

/** Waits until the page would open without a network. */
async function kept(person) {
  await person.page.evaluate(() => navigator.serviceWorker.ready)
}
