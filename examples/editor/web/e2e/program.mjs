// The real program: the page and the relay, on one port and one directory.
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { once } from "node:events"

/** The built program; the Go test says where it is. */
const binary = process.env.EDITOR_BINARY ?? "editor"

export class Program {
  static async start() {
    const program = new Program()
    program.data = await mkdtemp(join(tmpdir(), "godwit-editor-"))
    program.address = "127.0.0.1:0"
    await program.start()
    return program
  }

  get url() {
    return `http://${this.address}/`
  }

  /** Starts it where it was before. */
  async start() {
    const process = spawn(binary, ["--listen", this.address, "--data", this.data], { stdio: ["ignore", "pipe", "inherit"] })
    this.process = process
    this.ended = once(process, "exit")
    const [line] = await Promise.race([once(process.stdout, "data"), this.ended.then(() => [""])])
    this.address = /http:\/\/(\S+)/.exec(line)?.[1]
    if (!this.address) throw new Error(`the program did not start: ${line}`)
    process.stdout.resume()
  }

  /** Ends it: SIGTERM as a person would, SIGKILL as a power cut. */
  async stop(signal = "SIGTERM") {
    this.process.kill(signal)
    await this.ended
  }

  async remove() {
    await this.stop()
    await rm(this.data, { recursive: true })
  }
}
