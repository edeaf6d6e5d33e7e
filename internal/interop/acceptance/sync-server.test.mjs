// The cases that automerge-repo-sync-server's repository tests its own server
// with, told anew: the page, the socket, a document there and back, and that
// nothing is pushed on those who didn't ask.
import { Repo } from "@automerge/automerge-repo"
import { expect, it } from "vitest"
import { WebSocket } from "ws"
import { adapter, address } from "./server.mjs"

const connected = async peerId => {
  const link = adapter()
  const repo = new Repo({ network: [link], peerId })
  await new Promise(resolve => repo.networkSubsystem.once("peer", resolve))
  return { repo, link }
}

it("serves a page that says it is running", async () => {
  const response = await fetch(`http://${address}/`)
  expect(response.status).toBe(200)
  expect(await response.text()).toMatch(/running|godwit/i)
})

it("upgrades to a WebSocket", async () => {
  const socket = new WebSocket(`ws://${address}`)
  await new Promise((resolve, reject) => {
    socket.on("open", resolve)
    socket.on("error", reject)
  })
  socket.close()
})

it("gives a document that one client made to another", async () => {
  const [one, two] = [await connected("one"), await connected("two")]
  const made = one.repo.create()
  made.change(doc => (doc.test = "hello world"))
  const found = await two.repo.find(made.url)
  if (found.doc().test === undefined) await new Promise(resolve => found.once("change", resolve))
  expect(found.doc().test).toBe("hello world")
  one.link.disconnect()
  two.link.disconnect()
})

it("withholds documents from those who haven't asked for them", async () => {
  const one = await connected("one")
  const made = one.repo.create({ test: "hello world" })
  await new Promise(resolve => made.once("remote-heads", resolve))

  const two = await connected("two")
  const received = []
  two.link.on("message", message => received.push(message))
  // A document of its own goes there and back; the other's hasn't come along.
  const own = two.repo.create({ test: "own" })
  await new Promise(resolve => own.once("remote-heads", resolve))
  expect(received.map(message => message.documentId)).not.toContain(made.documentId)
  expect(Object.keys(two.repo.handles)).toEqual([own.documentId])

  const found = await two.repo.find(made.url)
  expect(found.doc().test).toBe("hello world")
  one.link.disconnect()
  two.link.disconnect()
})
