// Records conversations between two documents of the real Automerge library,
// as conversations.json holds them. Trailers are stripped on the way, so that
// both sides speak version 1 with single changes, as they do with us.
//
//   npm install automerge35@npm:@automerge/automerge@3.5.0 \
//               automerge22@npm:@automerge/automerge@2.2.9
//   node record.mjs > conversations.json
//
// Events: change (a chunk of the side's own), generate (the message as it was
// made, or null), receive (the oldest message under way), connect (with the
// shared heads that are kept, or none), save, and lose (back to what was saved).
const versions = { 3500: await import("automerge35"), 512: await import("automerge22") };

const text = (bytes) => Buffer.from(bytes).toString("base64");

function random(seed) {
  return (n) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
}

// strip removes the trailer of a version 1 message.
function strip(m) {
  let at = 1;
  const uleb = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const b = m[at++];
      value += (b & 127) * shift;
      if (b < 128) return value;
    }
  };
  const skip = (size) => (at += size);
  skip(32 * uleb());
  skip(32 * uleb());
  for (let n = uleb(); n > 0; n--) {
    skip(32 * uleb());
    skip(uleb());
  }
  for (let n = uleb(); n > 0; n--) skip(uleb());
  return m.subarray(0, at);
}

function converse(version, A, seed) {
  const pick = random(seed);
  const events = [];
  const note = (side, kind, data) => events.push(data === undefined ? { side, kind } : { side, kind, data });
  const docs = [], states = [A.initSyncState(), A.initSyncState()], saved = [null, null];
  const queue = [[], []]; // what each side sent
  let lives = 0;
  const actor = (side) => `${"ab"[side]}${side}`.repeat(4) + String(++lives).padStart(8, "0");
  docs[0] = A.init({ actor: actor(0) });
  docs[1] = A.init({ actor: actor(1) });

  const edit = (side) => {
    const before = A.getAllChanges(docs[side]).length;
    const x = pick(8);
    if (x === 0) docs[side] = A.emptyChange(docs[side], { time: 0 });
    else docs[side] = A.change(docs[side], { time: 0 }, (d) => { d[`k${pick(5)}`] = pick(1000); });
    for (const c of A.getAllChanges(docs[side]).slice(before)) note(side, "change", text(c));
  };
  const generate = (side) => {
    const [state, message] = A.generateSyncMessage(docs[side], states[side]);
    states[side] = state;
    note(side, "generate", message ? text(message) : null);
    if (message) queue[side].push(strip(message));
    return message !== null;
  };
  const receive = (side) => {
    const message = queue[1 - side].shift();
    [docs[side], states[side]] = A.receiveSyncMessage(docs[side], states[side], message);
    note(side, "receive");
  };
  const connect = () => {
    for (const side of [0, 1]) {
      const resume = pick(2) === 0;
      states[side] = resume ? A.decodeSyncState(A.encodeSyncState(states[side])) : A.initSyncState();
      queue[side] = [];
      note(side, "connect", resume);
    }
  };

  for (const side of [0, 1]) for (let n = pick(8); n > 0; n--) edit(side);
  for (let n = 0; n < 40; n++) {
    const side = pick(2);
    switch (pick(12)) {
      case 0: edit(side); break;
      case 1: for (let n = pick(6); n > 0; n--) edit(side); break;
      case 2: if (pick(3) === 0) connect(); break;
      case 3:
        if (saved[side] === null) { saved[side] = A.save(docs[side]); note(side, "save"); }
        else if (pick(3) === 0) {
          docs[side] = A.load(saved[side], { actor: actor(side) });
          note(side, "lose");
          connect();
        }
        break;
      case 4: case 5: case 6: generate(side); break;
      default: if (queue[1 - side].length > 0) receive(side); else generate(side);
    }
  }
  for (let quiet = 0; quiet < 4; ) {
    for (const side of [0, 1]) {
      if (queue[1 - side].length > 0) { receive(side); quiet = 0; }
      quiet = generate(side) ? 0 : quiet + 1;
    }
  }
  return { version: Number(version), seed, events, heads: [A.getHeads(docs[0]).sort(), A.getHeads(docs[1]).sort()] };
}

const all = [];
for (const [version, A] of Object.entries(versions)) {
  for (let seed = 1; seed <= 10; seed++) all.push(converse(version, A, seed));
}
console.log("[\n" + all.map((c) => JSON.stringify(c)).join(",\n") + "\n]");
