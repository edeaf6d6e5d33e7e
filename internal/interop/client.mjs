// Client is one repo and the commands that the driver offers on it.
import { dump } from "./dump.mjs"
import { Frames } from "./frames.mjs"
import { MemoryStorage } from "./memory.mjs"
import { apply, build, untag } from "./operations.mjs"

export class Client {
  static commands = new Set(
    ("connect disconnect server create createMany find findAll waitState state change changeAt emptyChange heads has " +
      "hashes changes dump save inspect craft setActor grow broadcast presence peerStates saved savedSome syncInfo storageId subscribe " +
      "resetFrames frames flush memory").split(" "),
  )

  #libs
  #emit
  #options
  #adapter
  #offline = false // by command
  #server // of the connected peer: {peerId, storageId}
  #handles = new Map()
  #presences = new Map()
  #watchers = new Set() // re-evaluated whenever something happened
  #saves = new Set() // under way to a disk
  #frames = new Frames()

  constructor(libs, options, emit) {
    this.#libs = libs
    this.#options = options
    this.#emit = emit
    this.repo = new libs.Repo({
      peerId: options.peerId,
      storage: this.#storage(options.storage),
      enableRemoteHeadsGossiping: options.remoteHeads ?? false,
    })
    this.repo.networkSubsystem.on("peer", ({ peerId, peerMetadata }) => {
      this.#server = { peerId, ...peerMetadata }
      emit("connected", { server: peerId })
      this.#wake()
    })
    this.repo.networkSubsystem.on("peer-disconnected", ({ peerId }) => {
      this.#server = undefined
      emit("disconnected", { server: peerId })
      this.#wake()
    })
  }

  #storage(name) {
    if (!name || name === "none") return undefined
    return name === "memory" ? new MemoryStorage() : this.#disk(name)
  }

  #disk(path) {
    const disk = new this.#libs.NodeFSStorageAdapter(path)
    const save = disk.save.bind(disk)
    disk.save = (key, data) => {
      const saved = save(key, data).finally(() => this.#saves.delete(saved))
      this.#saves.add(saved)
      return saved
    }
    return disk
  }

  // -- the link ---------------------------------------------------------------

  /** Connects and resolves when the server's peer message is in. */
  async connect({ url }) {
    if (!this.#adapter) {
      // Tests restart servers; a client that comes back after five seconds, as
      // the default has it, would only make them slow.
      this.#adapter = new this.#libs.WebSocketClientAdapter(url, this.#options.retry ?? 250)
      this.#frames.watch(this.#adapter)
      this.repo.networkSubsystem.addNetworkAdapter(this.#adapter)
    } else if (this.#offline) {
      const metadata = { storageId: await this.repo.storageSubsystem?.id(), isEphemeral: !this.repo.storageSubsystem }
      this.#adapter.connect(this.repo.networkSubsystem.peerId, metadata)
    }
    this.#offline = false
    return this.server({ connected: true })
  }

  /** Takes the client offline: with a WebSocket close, or just gone. */
  disconnect({ abrupt }) {
    const socket = this.#adapter.socket
    this.#libs.hangUp(this.#adapter)
    this.#offline = true
    if (abrupt) socket.terminate()
  }

  /** Waits until a server is (or is no longer) connected; describes it. */
  async server({ connected = true }) {
    await this.#until(() => (this.#server !== undefined) === connected)
    return this.#server
  }

  // -- documents --------------------------------------------------------------

  create({ value }) {
    const handle = this.repo.create(untag(this.#libs.Automerge, value))
    return this.#describe(this.#adopt(handle))
  }

  createMany({ count }) {
    const ids = []
    for (let n = 0; n < count; n++) ids.push(this.#adopt(this.repo.create({ number: n })).documentId)
    return { ids }
  }

  /** Settles as an application's find does: ready or unavailable. */
  async find({ doc }) {
    const handle = this.#adopt(await this.#libs.find(this.repo, `automerge:${doc}`))
    return this.#describe(handle)
  }

  async findAll({ docs }) {
    const found = await Promise.all(docs.map(doc => this.find({ doc })))
    return { ready: found.filter(({ state }) => state === "ready").length }
  }

  async waitState({ doc, state }) {
    await this.#handle(doc).whenReady([state])
    return this.#describe(this.#handle(doc))
  }

  state({ doc }) {
    return this.#describe(this.#handle(doc))
  }

  change({ doc, ops, message }) {
    const handle = this.#handle(doc)
    const options = message === undefined ? {} : { message }
    handle.change(draft => apply(this.#libs.Automerge, draft, ops), options)
    return this.#describe(handle)
  }

  changeAt({ doc, heads, ops }) {
    const A = this.#libs.Automerge
    this.#update(doc, d => A.changeAt(d, heads, draft => apply(A, draft, ops)).newDoc)
    return this.heads({ doc })
  }

  emptyChange({ doc }) {
    this.#update(doc, d => this.#libs.Automerge.emptyChange(d))
    return this.heads({ doc })
  }

  /** One change for each number, with its counter and a growing list. */
  grow({ doc, changes }) {
    const { Automerge: A } = this.#libs
    this.#update(doc, d => build(A, d, changes))
    return this.heads({ doc })
  }

  heads({ doc }) {
    return { heads: this.#heads(doc) }
  }

  /** Waits until the document's history contains all these hashes. */
  async has({ doc, heads }) {
    await this.#until(() => this.#missing(doc, heads).length === 0)
    return this.heads({ doc })
  }

  hashes({ doc }) {
    const { Automerge: A } = this.#libs
    return { hashes: A.getAllChanges(this.#doc(doc)).map(c => A.decodeChange(c).hash).sort() }
  }

  changes({ doc }) {
    return { changes: this.#libs.Automerge.getAllChanges(this.#doc(doc)).map(c => Buffer.from(c).toString("base64")) }
  }

  dump({ doc }) {
    return { value: dump(this.#libs.Automerge, this.#doc(doc)) }
  }

  save({ doc }) {
    return { data: Buffer.from(this.#libs.Automerge.save(this.#doc(doc))).toString("base64") }
  }

  /** Reads a document that somebody else has saved, as a page would that loads the file. */
  inspect({ data }) {
    const { Automerge: A } = this.#libs
    const doc = A.load(new Uint8Array(Buffer.from(data, "base64")))
    return { hashes: A.getAllChanges(doc).map(c => A.decodeChange(c).hash).sort(), value: dump(A, doc) }
  }

  /**
   * Appends a change that no honest editor makes: like a real one of a new
   * actor on the current heads, with some of its fields replaced.
   */
  craft({ doc, fields }) {
    const { Automerge: A } = this.#libs
    let hash
    this.#update(doc, d => {
      const changes = A.getAllChanges(d)
      const last = changes.map(c => A.decodeChange(c)).reduce((max, c) => Math.max(max, c.startOp + c.ops.length - 1), 0)
      const honest = {
        actor: "bad0bad0bad0bad0", seq: 1, startOp: last + 1, time: 0, message: null,
        deps: A.getHeads(d), ops: [],
      }
      const bytes = A.encodeChange({ ...honest, ...fields })
      hash = A.decodeChange(bytes).hash
      const [next] = A.applyChanges(d, [bytes])
      return next
    })
    return { hash, heads: this.#heads(doc) }
  }

  /** Goes on under another actor id. */
  setActor({ doc, actor }) {
    this.#update(doc, d => this.#libs.Automerge.clone(d, { actor }))
  }

  /**
   * Resolves when all of it is on disk. The repo's own flush doesn't wait for a
   * save that the repo had begun by itself, of the same file perhaps, which is
   * emptied before it is written: a client that ends then finds an empty document.
   */
  async flush() {
    await this.repo.flush()
    while (this.#saves.size > 0) await Promise.all(this.#saves)
  }

  // -- ephemera ---------------------------------------------------------------

  broadcast({ doc, message }) {
    this.#handle(doc).broadcast(message)
  }

  /** Starts presence on the first call, updates one channel on later ones. */
  presence({ doc, state, channel, value, stop }) {
    let presence = this.#presences.get(doc)
    if (stop) return presence.stop()
    if (presence) return presence.broadcast(channel, value)
    presence = new this.#libs.Presence({ handle: this.#handle(doc) })
    this.#presences.set(doc, presence)
    for (const kind of ["update", "snapshot", "heartbeat", "goodbye"])
      presence.on(kind, e => this.#emit("presence", { doc, kind, from: e.peerId, channel: e.channel, value: e.value ?? e.state }))
    presence.start({ initialState: state })
  }

  peerStates({ doc }) {
    const states = this.#presences.get(doc).getPeerStates().value
    return { states: Object.fromEntries(Object.entries(states).map(([id, s]) => [id, s.value])) }
  }

  // -- what the server is known to have -----------------------------------------

  /** Waits until getSyncInfo says that the server has our heads. */
  async saved({ doc }) {
    await this.#until(() => this.#isSaved(doc))
    return this.syncInfo({ doc })
  }

  /** Waits until at least so many of the documents are saved; names those that are. */
  async savedSome({ docs, count }) {
    const saved = new Set()
    await this.#until(() => {
      for (const doc of docs) if (!saved.has(doc) && this.#isSaved(doc)) saved.add(doc)
      return saved.size >= count
    })
    return { ids: [...saved] }
  }

  syncInfo({ doc, storageId = this.#server?.storageId }) {
    return { storageId, heads: storageId ? this.#remoteHeads(doc, storageId) : undefined }
  }

  async storageId() {
    return { storageId: await this.repo.storageSubsystem?.id() }
  }

  subscribe({ storageIds }) {
    this.repo.subscribeToRemotes(storageIds)
  }

  // -- the driver itself ----------------------------------------------------------

  resetFrames() {
    this.#frames = new Frames(this.#frames)
  }

  frames({ doc }) {
    return this.#frames.describe(doc)
  }

  memory() {
    return process.memoryUsage()
  }

  // -- inside -------------------------------------------------------------------

  #adopt(handle) {
    const doc = handle.documentId
    if (this.#handles.has(doc)) return handle
    this.#handles.set(doc, handle)
    handle.on("heads-changed", () => this.#wake())
    handle.on("remote-heads", ({ storageId, heads }) => {
      this.#emit("remote-heads", { doc, storageId, heads: this.#hex(heads) })
      this.#wake()
    })
    handle.on("ephemeral-message", ({ senderId, message }) => {
      if (!message?.__presence) this.#emit("ephemeral", { doc, from: senderId, message })
    })
    return handle
  }

  #handle(doc) {
    const handle = this.#handles.get(doc)
    if (!handle) throw new Error(`${doc}: neither created nor found here`)
    return handle
  }

  #doc(doc) {
    return this.#libs.docOf(this.#handle(doc))
  }

  #update(doc, callback) {
    this.#handle(doc).update(callback)
  }

  #describe(handle) {
    const ready = handle.isReady()
    return { doc: handle.documentId, state: handle.state, heads: ready ? this.#heads(handle.documentId) : [] }
  }

  #heads(doc) {
    return [...this.#libs.Automerge.getHeads(this.#doc(doc))].sort()
  }

  #missing(doc, heads) {
    if (!this.#handle(doc).isReady()) return heads
    return this.#libs.Automerge.getMissingDeps(this.#doc(doc), heads)
  }

  #isSaved(doc) {
    const theirs = this.#server?.storageId && this.#remoteHeads(doc, this.#server.storageId)
    return theirs !== undefined && theirs.join() === this.#heads(doc).join()
  }

  #remoteHeads(doc, storageId) {
    const handle = this.#handle(doc)
    const heads = handle.getSyncInfo ? handle.getSyncInfo(storageId)?.lastHeads : handle.getRemoteHeads(storageId)
    return heads && this.#hex(heads)
  }

  // automerge-repo 2 names heads in base58check, 1.x and automerge itself in hex.
  #hex(heads) {
    return (this.#libs.decodeHeads ? this.#libs.decodeHeads(heads) : [...heads]).sort()
  }

  #wake() {
    for (const watcher of this.#watchers) watcher()
  }

  #until(condition) {
    if (condition()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const watcher = () => {
        try {
          if (!condition()) return
          this.#watchers.delete(watcher)
          resolve()
        } catch (err) {
          this.#watchers.delete(watcher)
          reject(err)
        }
      }
      this.#watchers.add(watcher)
    })
  }
}
