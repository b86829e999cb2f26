/* The texts of the ledger: signed notes and their keys, checkpoints, leaves, seals and proofs (docs/ledger-format.md). */
import { Fault, concat, ed25519, hex, readCanonical, sha256, text, unbase64, utf8 } from "./verify-bytes.js";

const ED25519 = 1;
const COSIGNATURE = 4; // of witnesses, with the time; ML-DSA-44 (6) is none of a browser's algorithms yet
const MAX_NOTE = 64_000;
const PRIME = 2n ** 255n - 19n;
const SMALL_ORDER = new Set([
  0n, 1n, PRIME - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]);
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/;

function checkName(name) {
  if (!name || name.includes("+") || /[\s\u0000-\u001f]/u.test(name)) throw new Fault("bad-key", { key: name });
}

/** Read `<name>+<key id>+<base64(type ‖ key)>`. Types other than those two are kept, and sign nothing that counts here. */
export async function parseKey(vkey) {
  const parts = vkey.trim().split("+");
  const [name, id, blob] = [parts[0], parts[1], parts.slice(2).join("+")];
  checkName(name);
  if (!/^[0-9a-f]{8}$/.test(id ?? "") || !blob) throw new Fault("bad-key", { key: name });
  const bytes = unbase64(blob);
  const key = { name, id, type: bytes[0], bytes: bytes.subarray(1), vkey: vkey.trim() };
  if (key.type !== ED25519 && key.type !== COSIGNATURE) return key;
  const expected = hex(await sha256(utf8(`${name}\n`), bytes)).slice(0, 8);
  if (expected !== id || key.bytes.length !== 32) throw new Fault("bad-key", { key: name });
  const y = BigInt(`0x${hex(key.bytes.slice().reverse())}`) & (2n ** 255n - 1n);
  if (y >= PRIME || SMALL_ORDER.has(y)) throw new Fault("bad-key", { key: name });
  return key;
}

export function parseNote(data) {
  if (data.length > MAX_NOTE) throw new Fault("too-large");
  const whole = text(data);
  if (!whole.endsWith("\n") || /[\u0000-\u0009\u000b-\u001f]/.test(whole)) throw new Fault("malformed", { what: "note" });
  const split = whole.lastIndexOf("\n\n");
  if (split < 0 || split + 2 >= whole.length) throw new Fault("unsigned");
  const lines = whole.slice(split + 2, -1).split("\n");
  if (lines.length > 100) throw new Fault("malformed", { what: "note" });
  const signatures = lines.map((line) => {
    const found = /^— (\S+) (\S+)$/u.exec(line);
    if (!found) throw new Fault("malformed", { what: "note" });
    checkName(found[1]);
    const blob = unbase64(found[2]);
    if (blob.length <= 4) throw new Fault("malformed", { what: "note" });
    return { name: found[1], id: hex(blob.subarray(0, 4)), signature: blob.subarray(4) };
  });
  const signed = whole.slice(0, split + 1);
  return { text: signed, bytes: utf8(signed), signatures };
}

async function holds(key, signature, bytes) {
  if (key.type === ED25519) return ed25519(key.bytes, signature, bytes);
  if (signature.length !== 72) return false;
  const seconds = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  return ed25519(key.bytes, signature.subarray(8), concat(utf8(`cosignature/v1\ntime ${seconds}\n`), bytes));
}

/** Return those of `known` that signed. A line of a known key that does not verify refuses the whole note. */
export async function signersOf(note, known) {
  const checked = known.filter((key) => key.type === ED25519 || key.type === COSIGNATURE);
  const byName = new Map(checked.map((key) => [`${key.name} ${key.id}`, key]));
  const signed = new Set();
  for (const line of note.signatures) {
    const key = byName.get(`${line.name} ${line.id}`);
    if (!key) continue;
    if (signed.has(key)) throw new Fault("duplicate", { key: key.name });
    if (!(await holds(key, line.signature, note.bytes))) throw new Fault("bad-signature", { key: key.name });
    signed.add(key);
  }
  if (!signed.size) throw new Fault("unknown-key");
  return [...signed];
}

/** Open a signed tree head under one of the log's keys, whose name is its origin. */
export async function openCheckpoint(data, logs) {
  const note = parseNote(data);
  const signed = await signersOf(note, logs);
  const [origin, sizeText, rootText, ...rest] = note.text.split("\n");
  const sound = origin && /^(0|[1-9][0-9]{0,15})$/.test(sizeText ?? "") && rest.at(-1) === "" && !rest.slice(0, -1).includes("");
  if (!sound) throw new Fault("bad-checkpoint");
  const root = unbase64(rootText);
  if (root.length !== 32) throw new Fault("bad-checkpoint");
  if (!signed.some((key) => key.name === origin)) throw new Fault("wrong-book", { book: origin });
  return { origin, size: Number(sizeText), root, note: data };
}

/** A C2SP policy: the log's Ed25519 keys, witnesses by name, groups in order, and who must have cosigned. */
export async function parsePolicy(data) {
  const policy = { logs: [], witnesses: new Map(), groups: [], quorum: null };
  for (const line of text(data).split("\n")) {
    const [word, name, third, ...members] = line.trim().split(/\s+/);
    if (word === "log") policy.logs.push(await parseKey(name ?? ""));
    if (word === "witness") policy.witnesses.set(name, await parseKey(third ?? ""));
    if (word === "group") policy.groups.push({ name, threshold: third, members });
    if (word === "quorum") policy.quorum = name;
  }
  policy.logs = policy.logs.filter((key) => key.type === ED25519);
  if (!policy.logs.length || policy.quorum === null) throw new Fault("bad-policy");
  return policy;
}

/** Hold a tree head to the quorum of its policy: witnesses' lines hold, and there are as many as it asks for. */
export async function checkQuorum(data, { witnesses, groups, quorum }) {
  if (quorum === "none") return;
  const signed = await signersOf(parseNote(data), [...witnesses.values()]).catch((fault) => {
    if (fault.code !== "unknown-key") throw fault;
    return [];
  });
  const met = new Set([...witnesses].filter(([, key]) => signed.includes(key)).map(([name]) => name));
  for (const { name, threshold, members } of groups) {
    const needed = { all: members.length, any: 1 }[threshold] ?? Number(threshold);
    if (!(needed >= 1)) throw new Fault("bad-policy");
    if (members.filter((member) => met.has(member)).length >= needed) met.add(name);
  }
  if (!met.has(quorum)) throw new Fault("no-quorum", { quorum });
}

export function parseLeaf(data) {
  const whole = text(data);
  if (whole.startsWith("lode/public/v1\n")) {
    const time = whole.slice(15, 35);
    if (!TIME.test(time) || whole[35] !== "\n" || whole.length < 37) throw new Fault("bad-leaf");
    return { public: true, time, note: data.subarray(36) };
  }
  const lines = whole.split("\n");
  if (lines.length !== 4 || lines[0] !== "lode/leaf/v1" || lines[3] !== "" || !TIME.test(lines[2])) throw new Fault("bad-leaf");
  const commitment = unbase64(lines[1]);
  if (commitment.length !== 32) throw new Fault("bad-leaf");
  return { public: false, time: lines[2], commitment };
}

const AXES = ["owner", "holder", "element", "state", "lot"];
const SEAL_LINE = [...AXES, "balance_mg", "prev", "seq"].sort().join();

export const accountOf = (value) => AXES.map((axis) => value[axis]).join("/");

export function parseSeal(data) {
  const whole = text(data);
  const line = whole.slice(13, -1);
  if (!whole.startsWith("lode/seal/v1\n") || !whole.endsWith("\n") || line.includes("\n")) throw new Fault("bad-seal");
  const seal = readCanonical(line);
  if (Object.keys(seal).join() !== "accounts,index,time" || !Array.isArray(seal.accounts) || !TIME.test(seal.time)) {
    throw new Fault("bad-seal");
  }
  for (const one of seal.accounts) {
    const sound = Object.keys(one).sort().join() === SEAL_LINE && AXES.every((axis) => typeof one[axis] === "string")
      && Number.isSafeInteger(one.seq) && one.seq >= 0 && (one.prev === null) === (one.seq === 0)
      && (one.prev === null || /^[0-9a-f]{64}$/.test(one.prev)) && /^(0|-?[1-9][0-9]{0,18})$/.test(one.balance_mg);
    if (!sound) throw new Fault("bad-seal");
  }
  return seal;
}

/** SHA-256("lode/commit/v1\n" ‖ nonce ‖ note ‖ seal). */
export const commitment = (nonce, note, seal) => sha256(concat(utf8("lode/commit/v1\n"), nonce, note, seal));

export function parseProof(data) {
  const whole = text(data);
  const gap = whole.indexOf("\n\n");
  const lines = whole.slice(0, gap).split("\n");
  if (gap < 0 || lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Fault("bad-proof");
  const extra = lines[0]?.startsWith("extra ") ? unbase64(lines.shift().slice(6)) : new Uint8Array();
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? "");
  const hashes = lines.map(unbase64);
  if (!index || hashes.length > 63 || hashes.some((item) => item.length !== 32)) throw new Fault("bad-proof");
  const time = text(extra.subarray(-20));
  if (!TIME.test(time) || ![20, 52].includes(extra.length)) throw new Fault("bad-proof");
  return {
    index: Number(index[1]), hashes, time, nonce: extra.length === 52 ? extra.subarray(0, 32) : null,
    checkpoint: utf8(whole.slice(gap + 2)),
  };
}
