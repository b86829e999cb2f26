/* The audit: the tree that anybody can check, the entries that this reader holds, and the chains of their accounts. */
import { Fault, equal, hex, readCanonical, sha256, text } from "./verify-bytes.js";
import { accountOf, checkQuorum, commitment, openCheckpoint, parseKey, parseLeaf, parseNote, parseProof, parseSeal, signersOf } from "./verify-note.js";
import { checkRule, isPublic, mustSign, readEntry } from "./verify-rules.js";
import { Tree, leadsTo, leafHash } from "./verify-tree.js";

/** Let the page draw: a check of thousands of entries must not freeze it. */
const breathe = () => new Promise((go) => { setTimeout(go, 0); });

class Registry {
  constructor(root) {
    this.records = new Map();
    this.add({ key: root, party: "registry", purpose: "registry", from: 0, until: Infinity });
  }

  add(record) {
    const taken = [...this.records.values()].some((one) => equal(one.key.bytes, record.key.bytes));
    const name = `${record.key.name} ${record.key.id}`;
    if (taken || this.records.has(name)) throw new Fault("duplicate", { key: record.key.name });
    this.records.set(name, record);
  }

  async apply({ details }, index) {
    const key = await parseKey(details.vkey);
    if (details.action === "register") {
      this.add({ key, party: details.party, purpose: details.purpose, from: index + 1, until: Infinity });
      return;
    }
    const record = this.records.get(`${key.name} ${key.id}`);
    if (!record || record.until !== Infinity) throw new Fault("key-not-valid", { key: key.name });
    record.until = index;
  }

  /** Once a party has a recovery key, what is entered about its keys is signed by it too; nobody else signs it. */
  async checkConsent({ details }, signed) {
    const key = await parseKey(details.vkey);
    const about = details.action === "register" ? details : this.records.get(`${key.name} ${key.id}`);
    if (!about) throw new Fault("key-not-valid", { key: key.name });
    const stranger = signed.find((record) => ![about.party, "registry"].includes(record.party));
    if (stranger) throw new Fault("key-not-valid", { key: stranger.key.name });
    const consents = about.purpose === "recovery" ? ["recovery"] : ["recovery", "entry"];
    const agreed = signed.some((record) => record.party === about.party && consents.includes(record.purpose));
    const asked = [...this.records.values()].some(
      (record) => record.party === about.party && record.purpose === "recovery" && record.until === Infinity,
    );
    if (asked && !agreed) throw new Fault("missing-signature", { parties: about.party });
  }

  /** The keys, valid at this leaf, that signed the note. */
  async signers(note, index, open) {
    const found = [];
    for (const line of note.signatures) {
      const record = this.records.get(`${line.name} ${line.id}`);
      if (!record) continue;
      const purposes = open ? ["registry", "recovery", "entry"] : ["entry"];
      const fits = purposes.includes(record.purpose) && record.from <= index && index < record.until;
      if (!fits) throw new Fault("key-not-valid", { key: line.name });
      found.push(record);
    }
    const signed = new Set(await signersOf(note, found.map((record) => record.key)));
    return found.filter((record) => signed.has(record.key));
  }
}

/**
 * Check a ledger. `source.read(path)` answers the bytes of a published file or null; `source.entry(index)` the note, the
 * seal and the nonce (or the proof) of an entry that the reader holds, or null.
 * `trust`: {logs, registry}; `only`: check no other entry than that; `held`: a tree head kept from earlier.
 */
export class Audit {
  constructor(source, trust, { party = null, full = false, held = null, only = null, progress = () => {} } = {}) {
    Object.assign(this, { source, trust, party, full, held, only, progress });
    this.counts = { tiles: 0, leaves: 0, opened: 0, signatures: 0, accounts: 0, keys: 0 };
    this.heads = new Map();
    this.entries = new Map();
    this.reversed = new Set();
    this.proofHead = null;
    this.found = false;
  }

  async run() {
    await this.checkTree();
    this.registry = new Registry(this.trust.registry);
    for await (const { first, leaves } of this.tree.leaves()) {
      for (let at = 0; at < leaves.length; at += 1) {
        const index = first + at;
        await this.named(index, () => this.checkLeaf(index, leaves[at]));
        this.counts.leaves += 1;
        if (index % 25 === 24) {
          this.progress("entries", index + 1, this.tree.size);
          await breathe();
        }
      }
    }
    this.progress("entries", this.tree.size, this.tree.size);
    if (this.only !== null && !this.found) throw new Fault("missing-entry", { index: this.only });
    if (this.only === null && (this.full || this.party)) await this.checkBalances();
    this.counts.accounts = this.heads.size;
    this.counts.keys = this.registry.records.size;
    return this;
  }

  async checkTree() {
    const data = await this.source.read("checkpoint");
    if (data === null) throw new Fault("missing-file", { path: "checkpoint" });
    try {
      this.head = await openCheckpoint(data, this.trust.logs);
      await checkQuorum(data, this.trust.policy);
    } catch (fault) {
      throw fault instanceof Fault ? new Fault("checkpoint", { why: fault.code, ...fault.facts }) : fault;
    }
    this.progress("checkpoint", 1, 1);
    this.tree = new Tree((path) => this.source.read(path), this.head.size, this.head.root);
    const tiles = this.tree.tiles();
    try {
      for (const tile of tiles) {
        await this.tree.load(tile.level, tile.index);
        this.counts.tiles += 1;
        this.progress("tiles", this.counts.tiles, tiles.length);
      }
      if (!tiles.length) await this.tree.proveEdge();
    } catch (fault) {
      throw fault.code === "bad-tile" ? await this.tree.blame(fault) : fault;
    }
    await this.checkHeld();
  }

  async checkHeld() {
    if (!this.held) return;
    if (this.held.size > this.head.size) throw new Fault("taken-back", { held: this.held.size, size: this.head.size });
    if (!equal(await this.tree.rootAt(this.held.size), this.held.root)) throw new Fault("forked", { held: this.held.size });
  }

  /** Run a step of an entry; what it finds wrong is said of that entry. */
  async named(index, step) {
    try {
      return await step();
    } catch (fault) {
      if (fault instanceof Fault) fault.facts = { index, ...fault.facts };
      throw fault;
    }
  }

  async checkLeaf(index, data) {
    const leaf = parseLeaf(data);
    this.found ||= index === this.only && leaf.public;
    if (leaf.public) {
      const entry = await this.checkNote(index, leaf.note, true);
      if (!isPublic(entry)) throw new Fault("bad-leaf");
      if (entry.kind === "key") {
        await this.registry.checkConsent(entry, entry.signed);
        await this.registry.apply(entry, index);
      } else {
        const other = entry.signed.find((record) => record.purpose !== "registry");
        if (other) throw new Fault("key-not-valid", { key: other.key.name });
      }
      return;
    }
    if (this.only !== null && index !== this.only) return;
    const files = await this.source.entry(index);
    if (!files) {
      if (this.full) throw new Fault("missing-entry");
      return;
    }
    await this.checkOpened(index, data, leaf, files);
    this.found ||= index === this.only;
  }

  async checkOpened(index, data, leaf, files) {
    const entry = await this.checkNote(index, files.note, false);
    if (isPublic(entry)) throw new Fault("bad-leaf");
    const seal = parseSeal(files.seal);
    const nonce = files.proof ? await this.checkProof(index, data, leaf, files.proof) : files.nonce;
    if (!nonce || nonce.length !== 32 || !equal(await commitment(nonce, files.note, files.seal), leaf.commitment)) {
      throw new Fault("changed-after-seal");
    }
    if (seal.index !== index || seal.time !== leaf.time) throw new Fault("bad-seal");
    this.checkChain(entry, seal);
  }

  async checkNote(index, bytes, open) {
    const note = parseNote(bytes);
    let signed;
    try {
      signed = await this.registry.signers(note, index, open);
    } catch (fault) {
      if (["bad-signature", "unknown-key"].includes(fault.code)) throw new Fault("changed-after-signing", fault.facts);
      throw fault;
    }
    const entry = readEntry(note.text);
    entry.signed = signed;
    entry.id = hex(await sha256(note.bytes));
    if (entry.book !== this.head.origin) throw new Fault("wrong-book", { book: entry.book });
    if (this.entries.has(entry.id)) throw new Fault("again", { first: this.entries.get(entry.id).index });
    if (this.full && entry.corrects && !this.entries.has(entry.corrects)) throw new Fault("bad-correction");
    const original = entry.kind === "reversal" ? this.original(entry) : null;
    if (entry.kind !== "reversal" || original) {
      checkRule(entry, original);
      const missing = [...mustSign(entry, original)].filter((party) => !signed.some((record) => record.party === party));
      if (missing.length) throw new Fault("missing-signature", { parties: missing.sort().join(", ") });
    }
    this.entries.set(entry.id, { index, kind: entry.kind, legs: entry.legs, parties: entry.parties, documents: entry.documents,
      details: entry.details, reference: entry.reference });
    this.counts.opened += 1;
    this.counts.signatures += signed.length;
    return entry;
  }

  /** The entry that a reversal takes back: it stands before it, and is taken back once. */
  original(entry) {
    const found = this.entries.get(entry.corrects);
    if (this.only !== null && !found) return null;
    if (!found || this.reversed.has(entry.corrects)) throw new Fault("bad-correction");
    this.reversed.add(entry.corrects);
    return found;
  }

  async checkProof(index, data, leaf, bytes) {
    const proof = parseProof(bytes);
    if (!this.proofHead || !equal(this.proofHead.note, proof.checkpoint)) {
      const head = await openCheckpoint(proof.checkpoint, this.trust.logs);
      const ours = head.origin === this.head.origin && head.size <= this.head.size;
      if (!ours || !equal(await this.tree.rootAt(head.size), head.root)) throw new Fault("bad-proof");
      this.proofHead = head;
    }
    const sound = proof.index === index && proof.time === leaf.time;
    if (!sound || !(await leadsTo(await leafHash(data), index, this.proofHead.size, proof.hashes, this.proofHead.root))) {
      throw new Fault("bad-proof");
    }
    return proof.nonce;
  }

  checkChain(entry, seal) {
    const moved = new Map(entry.legs.map((leg) => [accountOf(leg), BigInt(leg.mass_mg)]));
    if (seal.accounts.length !== moved.size || !seal.accounts.every((line) => moved.has(accountOf(line)))) throw new Fault("bad-seal");
    for (const line of seal.accounts) {
      const account = accountOf(line);
      const head = this.heads.get(account) ?? { seq: -1, id: null, balance: 0n };
      const balance = BigInt(line.balance_mg);
      if (line.seq === head.seq + 1) {
        if (line.prev !== head.id) throw new Fault("broken-chain", { account });
        const expected = head.balance + moved.get(account);
        if (balance !== expected) throw new Fault("bad-balance", { account, said: String(balance), expected: String(expected) });
      } else if (line.seq <= head.seq || this.whole(line)) {
        throw new Fault("gap", { account, seq: line.seq, expected: head.seq + 1 });
      }
      if (balance < 0n && line.state !== "source") throw new Fault("insufficient", { account, said: String(balance) });
      this.heads.set(account, { seq: line.seq, id: entry.id, balance });
    }
  }

  /** Compare the balances that an export declares with those that its entries give. */
  async checkBalances() {
    const data = await this.source.read("balances.json");
    if (data === null) return;
    const { origin, size, accounts } = readCanonical(text(data).slice(0, -1));
    if (origin !== this.head.origin || size !== this.head.size) throw new Fault("other-balances");
    const declared = new Map(accounts.map((line) => [accountOf(line), line.balance_mg]));
    const replayed = [...this.heads].filter(([, head]) => head.balance !== 0n).map(([account]) => account);
    for (const account of new Set([...declared.keys(), ...(this.full ? replayed : [])])) {
      const said = declared.get(account) ?? "0";
      const expected = String(this.heads.get(account)?.balance ?? 0n);
      if (said !== expected) throw new Fault("declared", { account, said, expected });
    }
  }

  /** Whether the reader must hold every entry of the account. */
  whole(line) {
    if (this.only !== null) return false;
    return this.full || (this.party !== null && (line.owner === this.party || line.holder === this.party));
  }
}
