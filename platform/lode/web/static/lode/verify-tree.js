/* The Merkle tree of RFC 6962 in C2SP tiles: every tile is proven up to the signed root before it is used. */
import { Fault, concat, equal, sha256 } from "./verify-bytes.js";

const WIDTH = 256;
const HEIGHT = 8;
const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

export const leafHash = (leaf) => sha256(concat(LEAF, leaf));
export const nodeHash = (left, right) => sha256(concat(NODE, left, right));

async function fold(peaks) {
  if (!peaks.length) return sha256(new Uint8Array());
  let result = peaks.at(-1);
  for (let i = peaks.length - 2; i >= 0; i -= 1) result = await nodeHash(peaks[i], result);
  return result;
}

function number(index) {
  let path = String(index % 1000).padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
  return path;
}

export const tilePath = (level, index, width = WIDTH) => `tile/${level}/${number(index)}${width === WIDTH ? "" : `.p/${width}`}`;

const levelCount = (size, level) => Math.floor(size / WIDTH ** level);

/** The perfect subtrees of 1, 2, 4 … 256 of a tile's hashes. */
async function pyramid(hashes) {
  const levels = [hashes];
  for (let i = 0; i < HEIGHT; i += 1) {
    const below = levels.at(-1);
    const pairs = Array.from({ length: Math.floor(below.length / 2) }, (_, at) => nodeHash(below[2 * at], below[2 * at + 1]));
    levels.push(await Promise.all(pairs));
  }
  return levels;
}

/** Check an audit path (RFC 9162 section 2.1.3.2). */
export async function leadsTo(item, index, size, hashes, root) {
  if (index >= size) return false;
  let [place, last, result] = [index, size - 1, item];
  for (const sibling of hashes) {
    if (last === 0) return false;
    if (place % 2 || place === last) {
      result = await nodeHash(sibling, result);
      while (place && place % 2 === 0) [place, last] = [place / 2, Math.floor(last / 2)];
    } else {
      result = await nodeHash(result, sibling);
    }
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  return last === 0 && equal(result, root);
}

/** The tree of `size` leaves under `root`; `read(path)` answers bytes or null. */
export class Tree {
  constructor(read, size, root) {
    this.read = read;
    this.size = size;
    this.root = root;
    this.cache = new Map();
    this.raw = new Map();
    this.edge = null;
  }

  /** Every tile, the top level first, so that each is proven by one already proven. */
  tiles() {
    const found = [];
    for (let level = 0; levelCount(this.size, level); level += 1) found.unshift(...this.level(level));
    return found;
  }

  level(level) {
    const count = levelCount(this.size, level);
    return Array.from({ length: Math.ceil(count / WIDTH) }, (_, index) => ({ level, index, width: Math.min(WIDTH, count - index * WIDTH) }));
  }

  /** The tile's hashes as published, not yet proven; a full tile answers for a partial one that is gone. */
  async published({ level, index, width }) {
    const key = `${level}/${index}`;
    if (!this.raw.has(key)) this.raw.set(key, await this.fetched(tilePath(level, index, width), tilePath(level, index), width, 32));
    return this.raw.get(key);
  }

  async fetched(path, fullPath, width, bytes) {
    let data = await this.read(path);
    let full = path === fullPath;
    if (data === null && !full) [data, full] = [await this.read(fullPath), true];
    if (data === null) throw new Fault("missing-file", { path });
    if (data.length !== bytes * (full ? WIDTH : width)) throw new Fault("bad-tile", { path });
    return Array.from({ length: width }, (_, at) => data.subarray(at * bytes, (at + 1) * bytes));
  }

  async proveEdge() {
    if (this.edge) return this.edge;
    const edge = new Map();
    const peaks = [];
    for (let level = 0; levelCount(this.size, level); level += 1) {
      const tile = this.level(level).at(-1);
      if (tile.width === WIDTH) continue;
      const levels = await pyramid(await this.published(tile));
      edge.set(`${level}/${tile.index}`, levels);
      peaks.unshift(...levels.filter((one) => one.length % 2).map((one) => one.at(-1)).reverse());
    }
    if (!equal(await fold(peaks), this.root)) throw new Fault("bad-tile", { path: this.edgeNames() });
    this.edge = edge;
    return edge;
  }

  edgeNames() {
    const names = [];
    for (let level = 0; levelCount(this.size, level); level += 1) {
      const tile = this.level(level).at(-1);
      if (tile.width !== WIDTH) names.push(tilePath(level, tile.index, tile.width));
    }
    return names.join(", ");
  }

  async load(level, index) {
    const key = `${level}/${index}`;
    const edge = await this.proveEdge();
    if (edge.has(key)) return edge.get(key);
    if (!this.cache.has(key)) {
      const levels = await pyramid(await this.published({ level, index, width: WIDTH }));
      if (!equal(levels[HEIGHT][0], await this.hash(HEIGHT * (level + 1), index))) throw new Fault("bad-tile", { path: tilePath(level, index) });
      this.cache.set(key, levels);
    }
    return this.cache.get(key);
  }

  /** The proven hash of perfect subtree `index` of 2^level leaves. */
  async hash(level, index) {
    const [tileLevel, height] = [Math.floor(level / HEIGHT), level % HEIGHT];
    const perTile = 2 ** (HEIGHT - height);
    return (await this.load(tileLevel, Math.floor(index / perTile)))[height][index % perTile];
  }

  /** The root that this tree had at `size` leaves: what a tree head kept from earlier must say. */
  async rootAt(size) {
    const peaks = [];
    for (let begin = 0; begin < size; ) {
      let [level, span] = [0, 1];
      while (span * 2 <= size - begin) [level, span] = [level + 1, span * 2];
      peaks.push(await this.hash(level, begin / span));
      begin += span;
    }
    return fold(peaks);
  }

  async bundle(index, width) {
    const path = `tile/entries/${number(index)}${width === WIDTH ? "" : `.p/${width}`}`;
    let data = await this.read(path);
    let count = width;
    if (data === null && width !== WIDTH) [data, count] = [await this.read(`tile/entries/${number(index)}`), WIDTH];
    if (data === null) throw new Fault("missing-file", { path });
    const leaves = [];
    let at = 0;
    for (let i = 0; i < count; i += 1) {
      const begin = at + 2;
      at = begin + (data[begin - 2] << 8) + data[begin - 1];
      if (!(at <= data.length)) throw new Fault("bad-tile", { path });
      leaves.push(data.subarray(begin, at));
    }
    if (at !== data.length) throw new Fault("bad-tile", { path });
    return leaves.slice(0, width);
  }

  /** Answer the leaves bundle by bundle, each proven by its hash; the first that was changed is named. */
  async *leaves() {
    for (const { index, width } of this.level(0)) {
      const hashes = (await this.load(0, index))[0];
      const leaves = await this.bundle(index, width);
      const computed = await Promise.all(leaves.map(leafHash));
      const wrong = computed.findIndex((item, at) => !equal(item, hashes[at]));
      if (wrong >= 0) throw new Fault("leaf-changed", { index: index * WIDTH + wrong });
      yield { first: index * WIDTH, leaves };
    }
  }

  /** Say which entry is at fault when the tiles do not lead to the root: the lowest hash that is not what is below it. */
  async blame(fault) {
    for (const tile of this.tiles().reverse()) {
      const published = await this.published(tile);
      for (let at = 0; at < published.length; at += 1) {
        if (tile.level === 0) {
          const leaves = await this.bundle(tile.index, tile.width);
          const computed = await Promise.all(leaves.map(leafHash));
          const wrong = computed.findIndex((item, place) => !equal(item, published[place]));
          if (wrong >= 0) {
            return new Fault("tile-changed", { index: tile.index * WIDTH + wrong, path: tilePath(tile.level, tile.index, tile.width) });
          }
          break;
        }
        const below = await pyramid(await this.published({ level: tile.level - 1, index: tile.index * WIDTH + at, width: WIDTH }));
        if (!equal(below[HEIGHT][0], published[at])) {
          const span = WIDTH ** tile.level;
          const first = (tile.index * WIDTH + at) * span;
          return new Fault("tile-range", { index: first, last: first + span - 1, path: tilePath(tile.level, tile.index, tile.width) });
        }
      }
    }
    return new Fault("other-tree", { size: this.size, path: fault.facts.path ?? "" });
  }
}
