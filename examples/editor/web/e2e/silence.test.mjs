import assert from "node:assert/strict"
import { agree } from "./person.mjs"
import { Proxy } from "./proxy.mjs"
import { atRelay } from "./relay.mjs"
import { story } from "./story.mjs"

// The browser knows nothing of it: no event, no error, the socket stays open.
story("a network that drops everything, silently", async ({ program, arrive }) => {
  const proxy = await Proxy.before(program)
  try {
    const ann = await arrive("Ann", { url: proxy.url })
    const bob = await arrive("Bob")
    await ann.create("Tunnel")
    await ann.write("before\n")
    await bob.follow(`${program.url}${new URL(ann.link).hash}`)
    await agree(ann, bob)

    proxy.silence()
    await ann.write("Ann, in the tunnel\n")
    await bob.write("Bob, outside\n", "start")
    await ann.status("Saved here · sending…")
    await ann.status("Offline · saved here") // once nothing has got through for too long

    proxy.speak()
    assert.equal(await agree(ann, bob), "Bob, outside\nbefore\nAnn, in the tunnel\n")
    assert.equal((await atRelay(program, bob.link)).text, await ann.text())
  } finally {
    proxy.close()
  }
})
