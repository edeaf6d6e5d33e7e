// dump turns a document into JSON that keeps what JSON can't: each value is an
// object with one key for its type, so that the far side can compare deeply.
// Conflicts are listed beside the value that won, by operation id.

export function dump(A, doc) {
  return object(A, doc, doc, [])
}

function object(A, doc, at, path) {
  const entries = Object.keys(at).sort().map(key => [key, value(A, doc, at[key], [...path, key])])
  const result = { map: Object.fromEntries(entries) }
  return withConflicts(A, result, at, Object.keys(at))
}

function list(A, doc, at, path) {
  const result = { list: at.map((item, i) => value(A, doc, item, [...path, i])) }
  return withConflicts(A, result, at, [...at.keys()])
}

function withConflicts(A, result, at, keys) {
  for (const key of keys) {
    const conflicts = A.getConflicts(at, key)
    if (!conflicts || Object.keys(conflicts).length < 2) continue
    result.conflicts ??= {}
    result.conflicts[key] = Object.fromEntries(Object.entries(conflicts).sort().map(([id, v]) => [id, scalar(A, v) ?? { object: id }]))
  }
  return result
}

function value(A, doc, v, path) {
  if (typeof v === "string") return text(A, doc, v, path)
  const simple = scalar(A, v)
  if (simple) return simple
  return Array.isArray(v) ? list(A, doc, v, path) : object(A, doc, v, path)
}

function text(A, doc, v, path) {
  const result = { text: v }
  const marks = A.marks(doc, path)
  if (marks.length > 0) result.marks = marks.map(plain)
  const spans = A.spans(doc, path)
  if (spans.some(span => span.type === "block")) result.spans = spans.map(plain)
  return result
}

function scalar(A, v) {
  if (v === null) return { null: true }
  if (typeof v === "boolean") return { bool: v }
  if (typeof v === "bigint") return { bigint: String(v) }
  // JSON has neither NaN nor the infinities nor a negative zero.
  if (typeof v === "number") return { number: Object.is(v, -0) ? "-0" : String(v) }
  if (typeof v === "string") return { text: v }
  if (v instanceof Date) return { date: v.getTime() }
  if (v instanceof Uint8Array) return { bytes: Buffer.from(v).toString("base64") }
  if (A.isCounter?.(v) || v instanceof A.Counter) return { counter: String(v.value) }
  const Str = A.ImmutableString ?? A.RawString
  if (v instanceof Str) return { str: v.toString() }
  return undefined
}

// Marks and blocks carry plain values and an occasional date or string object.
const plain = v => JSON.parse(JSON.stringify(v, (_, x) => (typeof x === "bigint" ? String(x) : x)))
