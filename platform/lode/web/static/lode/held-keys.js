/* The keys of this browser: made by WebCrypto, kept in IndexedDB, never to be taken out. No server ever sees them. */
import { base64, concat, hex, sha256, unhex, utf8 } from "./verify-bytes.js";

const ED25519 = { name: "Ed25519" };
/* Domain separation: these texts and no others are signed here. */
const HEADERS = ["lode/entry/v1\n", "lode/contract/v1\n", "lode/key-possession/v1\n"];

const settled = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function store(mode) {
  const opening = indexedDB.open("lode-keys", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("keys", { keyPath: "vkey" });
  const database = await settled(opening);
  const transaction = database.transaction("keys", mode);
  transaction.oncomplete = () => database.close();
  return transaction.objectStore("keys");
}

/** Whether this browser makes Ed25519 keys and keeps them; not over plain HTTP from another machine. */
export async function canKeep() {
  if (!globalThis.crypto?.subtle || !globalThis.indexedDB) return false;
  try {
    await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"]);
    await settled((await store("readonly")).count());
    return true;
  } catch {
    return false;
  }
}

export const keysHere = async () => (globalThis.indexedDB ? settled((await store("readonly")).getAll()) : []);

/** Make a key that cannot be exported, keep it under its C2SP verifier key, and return that. */
export async function makeKey(name) {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  const blob = concat(Uint8Array.of(1), point);
  const id = hex((await sha256(utf8(`${name}\n`), blob)).subarray(0, 4));
  const vkey = `${name}+${id}+${base64(blob)}`;
  await settled((await store("readwrite")).add({ vkey, name, id, privateKey }));
  /* Asks the browser not to clear the keys away when the disk fills; it may say no. */
  await navigator.storage?.persist?.();
  return vkey;
}

export const forgetKey = async (vkey) => settled((await store("readwrite")).delete(vkey));

/** The C2SP signature line of a key of this browser over a text. */
export async function signatureLine(key, text) {
  if (!HEADERS.some((header) => text.startsWith(header))) throw new Error("no text that is signed here");
  const signature = new Uint8Array(await crypto.subtle.sign(ED25519, key.privateKey, utf8(text)));
  return `— ${key.name} ${base64(concat(unhex(key.id), signature))}`;
}
