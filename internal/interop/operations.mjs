// The small language in which a test says what to change:
//
//   {"op": "put", "path": ["a", 0], "value": V}      {"op": "del", "path": ["a"]}
//   {"op": "insert", "path": ["list"], "index": 1, "values": [V, …]}
//   {"op": "splice", "path": ["text"], "index": 0, "del": 2, "text": "…"}    UTF-16 units
//   {"op": "inc", "path": ["counter"], "by": 2}
//   {"op": "mark", "path": ["text"], "start": 0, "end": 3, "name": "bold", "value": true, "expand": "both"}
//   {"op": "unmark", "path": ["text"], "start": 0, "end": 3, "name": "bold"}
//   {"op": "block", "path": ["text"], "index": 4, "value": {…}}
//
// A value V is plain JSON, where a string is a collaborative text, or an object
// with one $-key: {"$str": "x"}, {"$counter": 1}, {"$date": ms}, {"$bytes": base64},
// {"$int": 1}, {"$uint": 1}, {"$float": 1.0}, {"$number": "NaN"}. ($int, $uint and
// $float only inside a change: repo.create makes maps of them.)

const makers = {
  $str: (A, v) => new (A.ImmutableString ?? A.RawString)(v),
  $counter: (A, v) => new A.Counter(v),
  $date: (A, v) => new Date(v),
  $bytes: (A, v) => new Uint8Array(Buffer.from(v, "base64")),
  $int: (A, v) => new A.Int(v),
  $uint: (A, v) => new A.Uint(v),
  $float: (A, v) => new A.Float64(Number(v)),
  $number: (_, v) => Number(v),
}

/** Turns a value of the language into one that Automerge stores. */
export function untag(A, value) {
  if (Array.isArray(value)) return value.map(v => untag(A, v))
  if (value === null || typeof value !== "object") return value
  const keys = Object.keys(value)
  if (keys.length === 1 && makers[keys[0]]) return makers[keys[0]](A, value[keys[0]])
  return Object.fromEntries(keys.map(k => [k, untag(A, value[k])]))
}

const operations = {
  put: (A, draft, { path, value }) => (parent(draft, path)[path.at(-1)] = untag(A, value)),
  del: (A, draft, { path }) => {
    const at = parent(draft, path)
    if (Array.isArray(at)) A.deleteAt(at, path.at(-1))
    else delete at[path.at(-1)]
  },
  insert: (A, draft, { path, index, values }) =>
    A.insertAt(lookup(draft, path), index, ...values.map(v => untag(A, v))),
  splice: (A, draft, { path, index, del, text }) => A.splice(draft, path, index, del ?? 0, text ?? ""),
  inc: (A, draft, { path, by }) => lookup(draft, path).increment(by),
  mark: (A, draft, { path, start, end, name, value, expand }) =>
    A.mark(draft, path, { start, end, expand: expand ?? "after" }, name, value),
  unmark: (A, draft, { path, start, end, name, expand }) =>
    A.unmark(draft, path, { start, end, expand: expand ?? "after" }, name),
  block: (A, draft, { path, index, value }) => A.splitBlock(draft, path, index, untag(A, value)),
}

/** Applies a list of operations to a draft inside one change. */
export function apply(A, draft, ops) {
  for (const op of ops) operations[op.op](A, draft, op)
}

const lookup = (draft, path) => path.reduce((at, key) => at[key], draft)
const parent = (draft, path) => lookup(draft, path.slice(0, -1))

/** Makes a long history: a counter, a map key and a list that all move. */
export function build(A, doc, changes) {
  for (let n = 0; n < changes; n++) {
    doc = A.change(doc, { time: 0 }, draft => {
      draft.step = n
      if (!draft.log) draft.log = []
      if (n % 10 === 0) draft.log.push(n)
    })
  }
  return doc
}
