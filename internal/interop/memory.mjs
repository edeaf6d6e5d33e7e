// MemoryStorage is a storage adapter in a Map: it makes a client persistent in
// the eyes of others (it has a storage id) without touching a disk.
export class MemoryStorage {
  #entries = new Map() // joined key → {key, data}

  #join = key => key.join("/")

  async load(key) {
    return this.#entries.get(this.#join(key))?.data
  }

  async save(key, data) {
    this.#entries.set(this.#join(key), { key, data })
  }

  async remove(key) {
    this.#entries.delete(this.#join(key))
  }

  async loadRange(prefix) {
    return [...this.#entries.values()].filter(({ key }) => prefix.every((part, i) => key[i] === part))
  }

  async removeRange(prefix) {
    for (const { key } of await this.loadRange(prefix)) this.#entries.delete(this.#join(key))
  }
}
