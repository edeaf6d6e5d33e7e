// How a contender that is written in JavaScript measures, and tells what it
// has measured; package turns does the same in Go. Times are in seconds.
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { setTimeout } from "node:timers/promises"

export function timed(run) {
  const began = performance.now()
  run()
  return (performance.now() - began) / 1000
}

export async function awaited(run) {
  const began = performance.now()
  await run()
  return (performance.now() - began) / 1000
}

export function repeat(times, run) {
  return Array.from({ length: times }, run)
}

export function median(values) {
  const ascending = values.toSorted((a, b) => a - b)
  return ascending[values.length >> 1]
}

// The memory that this process has for itself, in bytes, after everything has
// been collected. V8 needs several collections, and another thread gives the
// pages back: so it goes on until five more have freed nothing.
export async function memory() {
  let least = Infinity
  for (let idle = 0; idle < 5; idle++) {
    gc()
    await setTimeout(100)
    const now = Number(/RssAnon:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024
    if (now < least) [least, idle] = [now, 0]
  }
  return least
}

// The outcome: figures, and a hash of what the contender has in the end.
export function tell(figures, text) {
  const sum = createHash("sha256").update(text).digest("hex")
  process.stdout.write(JSON.stringify({ figures, sum }) + "\n")
}
