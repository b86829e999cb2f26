/* Bytes, hashes, Ed25519 and canonical JSON, by the browser's own WebCrypto. Nothing here asks the server anything. */

/** What ends a check: a code of docs/ledger-format.md's list of reasons, and what the sentence needs to say. */
export class Fault extends Error {
  constructor(code, facts = {}) {
    super(code);
    this.code = code;
    this.facts = facts;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export const utf8 = (text) => encoder.encode(text);

export function text(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Fault("malformed", { what: "UTF-8" });
  }
}

export function equal(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function unhex(value) {
  if (!/^([0-9a-f]{2})*$/.test(value)) throw new Fault("malformed", { what: "hex" });
  return Uint8Array.from(value.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function base64(bytes) {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}

/** Padded standard base64 in its one canonical spelling; any other is refused. */
export function unbase64(value) {
  let binary;
  try {
    binary = atob(value);
  } catch {
    throw new Fault("malformed", { what: "base64" });
  }
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (base64(bytes) !== value) throw new Fault("malformed", { what: "base64" });
  return bytes;
}

export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", parts.length === 1 ? parts[0] : concat(...parts)));
}

const keys = new Map();

export async function ed25519(publicKey, signature, message) {
  if (signature.length !== 64) return false;
  const name = hex(publicKey);
  if (!keys.has(name)) keys.set(name, await crypto.subtle.importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]));
  return crypto.subtle.verify({ name: "Ed25519" }, keys.get(name), signature, message);
}

/** Whether this browser can check Ed25519: tried on test 1 of RFC 8032 section 7.1, and on the same with a flipped bit. */
export async function canCheck() {
  if (!globalThis.crypto?.subtle) return false;
  const key = unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const signature = unhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  );
  try {
    const good = await ed25519(key, signature, new Uint8Array());
    signature[0] ^= 1;
    return good && !(await ed25519(key, signature, new Uint8Array()));
  } catch {
    return false;
  }
}

const MAX_DEPTH = 32;

function write(value, depth) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new Fault("not-canonical");
    return String(value);
  }
  if (typeof value === "string") {
    if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value)) throw new Fault("not-canonical");
    return JSON.stringify(value);
  }
  if (depth >= MAX_DEPTH) throw new Fault("not-canonical");
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(",")}]`;
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${write(value[name], depth + 1)}`).join(",")}}`;
}

/** Read one line of RFC 8785 JSON; a text that is not its own canonical form is refused (so are duplicate names). */
export function readCanonical(line) {
  let value;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Fault("not-canonical");
  }
  if (write(value, 0) !== line) throw new Fault("not-canonical");
  return value;
}
