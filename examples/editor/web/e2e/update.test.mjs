import { Proxy } from "./proxy.mjs"
import { story } from "./story.mjs"

story("a new build is offered, and changed over to", async ({ program, arrive }) => {
  const proxy = await Proxy.before(program)
  try {
    const ann = await arrive("Ann", { url: proxy.url })
    await ann.create("Old and new")
    await ann.write("written before")
    await ann.status("Saved here and at the relay")
    await ann.page.evaluate(() => navigator.serviceWorker.ready)
    await ann.page.reload() // now the page is the service worker's
    await ann.until("the browser to have looked", () => proxy.asked["/sw.js"], times => times > 1)

    await program.stop() // as one does to serve another build
    await ann.status("Offline · saved here and at the relay")
    proxy.edits["/"] = page => page.replace("<span>godwit editor</span>", "<span>godwit editor, the next</span>")
    proxy.edits["/sw.js"] = worker => worker.replace(/version = "[^"]*"/, 'version = "the-next"')
    await program.start()
    const name = ann.page.locator("#sidebar header")
    await ann.page.getByText("There is a new version of this editor.").first().waitFor()
    await ann.status("Saved here and at the relay")
    await ann.look("update")
    await ann.page.reload()
    await name.getByText(/^godwit editor$/).waitFor() // the old build works on

    await ann.page.getByRole("button", { name: "Reload" }).click()
    await name.getByText("godwit editor, the next").waitFor()
    await ann.reads("written before")
    await ann.until("only the new build to be kept", () => ann.page.evaluate(() => caches.keys()), kept => String(kept) === "godwit-editor-the-next")

    await ann.context.setOffline(true)
    await ann.page.reload()
    await name.getByText("godwit editor, the next").waitFor()
    await ann.reads("written before")
  } finally {
    proxy.close()
  }
})
