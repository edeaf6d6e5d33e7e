// What a relay does where upstream's network-adapter tests expect two peers on
// one wire: the reverse of unfit.mjs.
import { Repo } from "@automerge/automerge-repo"
import { expect, it } from "vitest"
import { adapter } from "./server.mjs"

const next = (emitter, event) => new Promise(resolve => emitter.once(event, resolve))

it("introduces itself with a storage id, and not as ephemeral", async () => {
  const a = adapter()
  const candidate = next(a, "peer-candidate")
  a.connect("a", { storageId: "a", isEphemeral: false })
  const { peerId, peerMetadata } = await candidate
  expect(peerId).toBeTypeOf("string")
  expect(peerMetadata).toMatchObject({ storageId: expect.any(String), isEphemeral: false })
  a.disconnect()
})

it("is the same peer to everybody", async () => {
  const [a, b] = [adapter(), adapter()]
  const candidates = Promise.all([next(a, "peer-candidate"), next(b, "peer-candidate")])
  a.connect("a", {})
  b.connect("b", {})
  const [toA, toB] = await candidates
  expect(toA.peerId).toBe(toB.peerId)
  expect(toA.peerMetadata).toEqual(toB.peerMetadata)
  a.disconnect()
  b.disconnect()
})

it("stays with the others when one leaves", async () => {
  const [left, right] = [adapter(), adapter()]
  const leftRepo = new Repo({ network: [left], peerId: "left" })
  const rightRepo = new Repo({ network: [right], peerId: "right" })
  await Promise.all([leftRepo, rightRepo].map(repo => next(repo.networkSubsystem, "peer")))
  const handle = rightRepo.create({ title: "right's" })
  let disconnected = false
  right.on("peer-disconnected", () => (disconnected = true))

  left.disconnect()
  // Right's next exchange with the relay is answered: its link is alive.
  await next(right, "message")
  expect(disconnected).toBe(false)
  expect(handle.isReady()).toBe(true)
  right.disconnect()
})
