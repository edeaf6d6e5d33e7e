// Whether a godwit record exists, for JavaScript: docs/PROTOCOL.md, "Records", has
// the rules. The presence of the key "godwit:deleted" alone means nothing.
//
//   import * as Automerge from "@automerge/automerge"
//   recordState(Automerge, doc)    "absent", "present" or "deleted"
//
// To delete a record: d["godwit:deleted"] = new Automerge.ImmutableString("edit-wins").
// To restore it: delete d["godwit:deleted"]. Each in a change of its own.

const TOMBSTONE = "godwit:deleted"
const SKELETON = "67736b31" // what the actors of skeleton changes begin with: "gsk1"
const RESOLVED = "godwit: resolved"

/** Says whether a document is a record that exists. It walks through the history
 * unless the record has no tombstone. */
export function recordState(Automerge, doc) {
  const changes = Automerge.getAllChanges(doc).map(Automerge.decodeChange)
  if (changes.every(isSkeleton)) return "absent"
  if (!(TOMBSTONE in doc)) return "present"
  const byHash = new Map(changes.map(change => [change.hash, change]))
  const stands = ({ change, policy }) => {
    if (policy === "delete-wins") return true
    const seen = past(byHash, change)
    return !changes.some(other => other !== change && !seen.has(other.hash) && isEdit(other))
  }
  return tombstones(changes).some(stands) ? "deleted" : "present"
}

const isSkeleton = change => change.actor.startsWith(SKELETON)

const writes = op => op.action === "set" || op.action.startsWith("make")

/** Whether a change writes a field, or takes tombstones away without leaving one. */
function isEdit(change) {
  if (isSkeleton(change) || change.message === RESOLVED) return false
  const reserved = op => op.obj === "_root" && op.key?.startsWith("godwit:")
  if (!change.ops.every(reserved)) return true
  const there = change.ops.filter(op => op.key === TOMBSTONE)
  return there.some(op => op.action === "del") && !there.some(writes)
}

/** The tombstones that nothing has overwritten, with the change that wrote each.
 * Changes come in causal order: what overwrites comes later. */
function tombstones(changes) {
  const standing = new Map() // by operation id
  for (const change of changes) {
    change.ops.forEach((op, i) => {
      if (op.obj !== "_root") return
      for (const id of op.pred) {
        const counts = op.action === "inc" && standing.get(id)?.datatype === "counter"
        if (!counts) standing.delete(id)
      }
      if (op.key === TOMBSTONE && writes(op)) {
        const policy = op.action === "set" ? op.value : undefined
        standing.set(`${change.startOp + i}@${change.actor}`, { change, policy, datatype: op.datatype })
      }
    })
  }
  return [...standing.values()]
}

/** The hashes of all changes that a change saw. */
function past(byHash, change) {
  const seen = new Set()
  const next = [...change.deps]
  while (next.length > 0) {
    const hash = next.pop()
    if (seen.has(hash)) continue
    seen.add(hash)
    next.push(...byHash.get(hash).deps)
  }
  return seen
}
