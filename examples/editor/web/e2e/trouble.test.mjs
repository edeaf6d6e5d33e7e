import assert from "node:assert/strict"
import * as A from "@automerge/automerge"
import { cbor } from "@automerge/automerge-repo"
import { Reader } from "./relay.mjs"
import { story } from "./story.mjs"

// A document that nobody has.
const nowhere = "#automerge:4NMNnkMhL8jXrdJ9jamS58PAVdXu"

story("a link to what nobody has, and then somebody does", async ({ program, arrive }) => {
  const [ann, bob] = await Promise.all([arrive("Ann"), arrive("Bob")])
  await bob.context.setOffline(true)
  await bob.create("Late")
  await bob.write("here it is")
  await bob.status("Offline · saved here")
  await ann.follow(bob.link)
  await ann.status("Not available")
  await ann.page.getByText("It shows up here as soon as somebody who has it connects.").waitFor()
  await ann.look("missing")

  await bob.context.setOffline(false)
  await ann.reads("here it is")
  await ann.status("Saved here and at the relay")
  await ann.listed("Late")
})

story("a link followed without a network", async ({ program, arrive }) => {
  const [ann, bob] = await Promise.all([arrive("Ann"), arrive("Bob")])
  await bob.create("Elsewhere")
  await bob.write("but reachable")
  await bob.status("Saved here and at the relay")
  await ann.page.evaluate(() => navigator.serviceWorker.ready)
  await ann.context.setOffline(true)
  await ann.follow(bob.link)
  await ann.status("Offline · not in this browser")
  await ann.context.setOffline(false)
  await ann.reads("but reachable")
  await ann.status("Saved here and at the relay")
})

story("links that lead to nothing of ours", async ({ program, arrive }) => {
  const ann = await arrive("Ann")
  for (const hash of ["#automerge:garbage", "#nonsense", `${nowhere}x`, "#%"]) {
    await ann.follow(`${program.url}${nowhere}`)
    await ann.page.getByRole("heading", { name: "Not at the relay yet" }).waitFor()
    await ann.follow(program.url + hash)
    await ann.page.getByRole("heading", { name: "This link leads to no document" }).waitFor()
  }
  const other = new Reader(program)
  await ann.follow(other.create(program, { cells: [1, 2, 3] }))
  await ann.page.getByRole("heading", { name: "This is something else" }).waitFor()
  await other.close()
  assert.equal(await ann.page.locator("#list a").count(), 0)
})

// As a relay does whose rules a change breaks: it answers, and doesn't take it.
story("a relay that doesn't take what is written", async ({ arrive }) => {
  let refusing = false
  const ann = await arrive("Ann", {
    prepare: person =>
      person.page.routeWebSocket(/sync/, socket => {
        const relay = socket.connectToServer()
        socket.onMessage(frame => relay.send(refusing ? withoutChanges(frame) : frame))
      }),
  })
  await ann.create("Refused")
  await ann.write("taken")
  await ann.status("Saved here and at the relay")
  refusing = true
  await ann.write(", and not")
  await ann.status("Saved here · not taken by the relay")
  await ann.look("refused")
  await ann.page.reload()
  await ann.reads("taken, and not")
  refusing = false
  await ann.page.reload()
  await ann.status("Saved here and at the relay")
})

function withoutChanges(frame) {
  const message = cbor.decode(new Uint8Array(frame))
  if (message.type !== "sync") return frame
  const sync = A.decodeSyncMessage(new Uint8Array(message.data))
  return Buffer.from(cbor.encode({ ...message, data: A.encodeSyncMessage({ ...sync, changes: [] }) }))
}

story("a browser that has no room", async ({ arrive }) => {
  const ann = await arrive("Ann", { expects: /The disk is full/ })
  await ann.create("Full")
  await ann.write("fits")
  await ann.status("Saved here and at the relay")
  await ann.page.evaluate(() => {
    window.put = IDBObjectStore.prototype.put
    IDBObjectStore.prototype.put = () => {
      throw new Error("The disk is full")
    }
  })
  await ann.write(", this doesn't")
  await ann.status("Not saved in this browser")
  assert.equal(await ann.page.getAttribute("#status", "title"), "The disk is full")
  await ann.page.evaluate(() => (IDBObjectStore.prototype.put = window.put))
  await ann.write(", and all of it does")
  await ann.status("Saved here and at the relay")
  await ann.context.setOffline(true)
  await ann.page.evaluate(() => navigator.serviceWorker.ready)
  await ann.page.reload()
  await ann.reads("fits, this doesn't, and all of it does")
})

story("a browser that has no database", async ({ program, arrive }) => {
  const ann = await arrive("Ann", {
    expects: /No database here/,
    prepare: person =>
      person.page.addInitScript(() => {
        IDBFactory.prototype.open = () => {
          throw new Error("No database here")
        }
      }),
  })
  await ann.create("Sand")
  await ann.write("castle")
  await ann.status("Not saved in this browser")
  await ann.follow(program.url + nowhere)
  await ann.status("Can't be read in this browser")
})
