/* Where the bytes come from: the published files and the reader's entries, or a bundle that was dropped. And whom to trust. */
import { Fault, base64, hex, text, unbase64 } from "./verify-bytes.js";
import { parseKey, parsePolicy } from "./verify-note.js";

async function get(address) {
  let response;
  try {
    response = await fetch(address, { cache: "no-store", credentials: "same-origin" });
  } catch {
    throw new Fault("unreachable", { path: address });
  }
  if (response.status === 404) return null;
  if (!response.ok) throw new Fault("unreachable", { path: address });
  return response;
}

/** The files below `log`, and the entries that the signed-in reader may see, page by page from `entries`. */
export class Online {
  constructor({ log, entries }) {
    this.log = log;
    this.pages = entries;
    this.opened = new Map();
    this.next = 0;
  }

  async read(path) {
    if (path === "balances.json") return null; /* Only an export declares balances. */
    const response = await get(this.log + path);
    return response && new Uint8Array(await response.arrayBuffer());
  }

  async entry(index) {
    while (this.pages && this.next !== null && this.next <= index) await this.turn();
    const found = this.opened.get(index) ?? null;
    this.opened.delete(index);
    return found;
  }

  async turn() {
    const response = await get(`${this.pages}?first=${this.next}`);
    if (!response) throw new Fault("unreachable", { path: this.pages });
    const page = await response.json();
    for (const one of page.entries) {
      this.opened.set(one.index, { note: unbase64(one.note), seal: unbase64(one.seal), nonce: unbase64(one.nonce) });
    }
    this.next = page.next;
  }
}

/** One entry only, by the files that its page offers for download. */
export class OneOnline extends Online {
  constructor(config, index) {
    super(config);
    this.index = index;
  }

  async entry() {
    const [note, seal, proof] = await Promise.all(["note", "seal", "tlog-proof"].map((name) => get(`/ledger/${this.index}.${name}`)));
    if (!note || !seal || !proof) return null;
    const [a, b, c] = await Promise.all([note, seal, proof].map(async (one) => new Uint8Array(await one.arrayBuffer())));
    return { note: a, seal: b, proof: c };
  }
}

/** A bundle: the same files, out of a tar. */
export class Bundle {
  constructor(files) {
    this.files = files;
  }

  async read(path) {
    return this.files.get(path) ?? null;
  }

  async entry(index) {
    const [note, seal, proof] = ["note", "seal", "tlog-proof"].map((name) => this.files.get(`entries/${index}.${name}`));
    if (!note) return null;
    if (!seal || !proof) throw new Fault("missing-file", { path: `entries/${index}.seal` });
    return { note, seal, proof };
  }

  get party() {
    const found = this.files.get("party");
    return found ? text(found).trim() : null;
  }

  get full() {
    return !this.files.has("party") && [...this.files.keys()].some((name) => name.startsWith("entries/"));
  }
}

/** What this browser remembers: the keys and the tree head that it saw first or last, by book. */
export const memory = {
  load(name, book) {
    try {
      return JSON.parse(localStorage.getItem(`lode.${name}.${book}`));
    } catch {
      return null;
    }
  },
  save(name, book, value) {
    try {
      localStorage.setItem(`lode.${name}.${book}`, JSON.stringify(value));
    } catch { /* A browser that keeps nothing can still check. */ }
  },
};

export function heldHead(book) {
  const kept = memory.load("head", book);
  return kept ? { size: kept.size, root: unbase64(kept.root), at: kept.at } : null;
}

export function keepHead(head, at) {
  const kept = memory.load("head", head.origin);
  if (!kept || kept.size <= head.size) memory.save("head", head.origin, { size: head.size, root: base64(head.root), at });
}

export const shortRoot = (head) => hex(head.root).slice(0, 8);

/**
 * The keys to check with: those that somebody gave the reader, else those that this browser kept, else those that come
 * with the data (and then only the first time). `from` says which.
 */
export async function trustOf(source, given) {
  const stated = { policy: await source.read("policy"), registry: await source.read("registry.vkey") };
  if (!stated.policy || !stated.registry) throw new Fault("missing-file", { path: "policy, registry.vkey" });
  const policy = await parsePolicy(stated.policy);
  const book = policy.logs[0].name;
  const said = { log: policy.logs.map((key) => key.vkey).join("\n"), registry: text(stated.registry).trim() };
  const kept = memory.load("keys", book);
  if (given.log || given.registry) {
    const own = { log: given.log || said.log, registry: given.registry || said.registry };
    // Who gives the log's key trusts it alone, as with lode-verify: the operator's own quorum is not asked for.
    const asked = given.log ? { quorum: "none" } : policy;
    return { ...(await parsed(own)), policy: asked, book, from: given.log && given.registry ? "given" : "partly-given", said };
  }
  if (kept && (kept.log !== said.log || kept.registry !== said.registry)) throw new Fault("other-keys", { book });
  return { ...(await parsed(said)), policy, book, from: kept ? "kept" : "data", said };
}

async function parsed(keys) {
  return { logs: await Promise.all(keys.log.split("\n").map(parseKey)), registry: await parseKey(keys.registry) };
}
