/* A bundle is a tar file of an export (POSIX ustar, pax names): read in the browser, nothing leaves it. */
import { Fault, text } from "./verify-bytes.js";

const BLOCK = 512;

function field(block, begin, length) {
  const bytes = block.subarray(begin, begin + length);
  const end = bytes.indexOf(0);
  return text(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Return the files by path; the one folder that holds them all is left out of the paths. */
export function untar(data) {
  const files = new Map();
  for (let at = 0; at + BLOCK <= data.length; ) {
    const block = data.subarray(at, at + BLOCK);
    if (block.every((byte) => byte === 0)) break;
    const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
    const size = parseInt(field(block, 124, 12).trim() || "0", 8);
    if (field(block, 257, 5) !== "ustar" || sum !== parseInt(field(block, 148, 8).trim(), 8) || !(at + BLOCK + size <= data.length)) {
      throw new Fault("not-a-bundle");
    }
    const prefix = field(block, 345, 155);
    const name = (prefix ? `${prefix}/` : "") + field(block, 0, 100);
    if ("0\0".includes(String.fromCharCode(block[156]))) files.set(name, data.subarray(at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  const found = [...files.keys()].find((name) => name === "checkpoint" || name.endsWith("/checkpoint"));
  if (found === undefined) throw new Fault("not-a-bundle");
  const folder = found.slice(0, -"checkpoint".length);
  return new Map([...files].filter(([name]) => name.startsWith(folder)).map(([name, bytes]) => [name.slice(folder.length), bytes]));
}
