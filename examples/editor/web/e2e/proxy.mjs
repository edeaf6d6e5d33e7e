// Something between the page and the program: it can go silent, as a network
// does that drops packets, and it can serve another build.
import http from "node:http"
import net from "node:net"
import { once } from "node:events"

export class Proxy {
  #sockets = new Set()
  #silent = false

  /** What is done to the files that pass, by path: text → text. */
  edits = {}

  /** How often they were asked for, by path. */
  asked = {}

  static async before(program) {
    const proxy = new Proxy()
    proxy.program = program
    proxy.server = http.createServer((request, response) => proxy.#pass(request, response))
    proxy.server.on("upgrade", (request, socket, head) => proxy.#upgrade(request, socket, head))
    proxy.server.listen(0, "127.0.0.1")
    await once(proxy.server, "listening")
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}/`
    return proxy
  }

  /** From now on nothing passes, nothing is refused, and nothing closes. */
  silence() {
    this.#silent = true
    for (const socket of this.#sockets) socket.pause()
  }

  /** From now on all passes again, for connections to come; old ones are lost. */
  speak() {
    this.#silent = false
    for (const socket of this.#sockets) socket.destroy()
  }

  close() {
    for (const socket of this.#sockets) socket.destroy()
    this.server.closeAllConnections()
    this.server.close()
  }

  async #pass(request, response) {
    if (this.#silent) return
    const answer = await fetch(new URL(request.url, this.program.url)).catch(() => undefined)
    if (!answer) return response.destroy() // the program isn't running
    this.asked[request.url] = (this.asked[request.url] ?? 0) + 1
    const headers = Object.fromEntries(answer.headers)
    for (const name of ["content-encoding", "content-length", "transfer-encoding"]) delete headers[name]
    const edit = this.edits[request.url]
    response.writeHead(answer.status, headers)
    response.end(edit ? edit(await answer.text()) : Buffer.from(await answer.arrayBuffer()))
  }

  #upgrade(request, socket, head) {
    const [host, port] = this.program.address.split(":")
    const onward = net.connect(Number(port), host)
    const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\r\n`)
    onward.write(`GET ${request.url} HTTP/1.1\r\n${headers.join("")}\r\n`)
    onward.write(head)
    for (const [one, other] of [[socket, onward], [onward, socket]]) {
      this.#sockets.add(one)
      one.on("error", () => {})
      one.on("close", () => {
        this.#sockets.delete(one)
        if (!this.#silent) other.destroy()
      })
      one.pipe(other)
      if (this.#silent) one.pause()
    }
  }
}
