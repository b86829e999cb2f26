/* What an entry must be by its kind (docs/ledger-format.md, "Kinds"): states, axes that stay, needs, and who signs. */
import { Fault, readCanonical } from "./verify-bytes.js";
import { accountOf } from "./verify-note.js";

const INSIDE = ["stock", "transit", "process", "product", "scrap"];
const REST = ["stock", "product", "scrap"];
const ANY = [...INSIDE, "source", "loss", "unaccounted", "exported"];
const REQUIRED = ["book", "kind", "nonce", "occurred"];
const MEMBERS = [...REQUIRED, "legs", "parties", "contract", "reference", "reason", "corrects", "documents", "details"];
const LEG = ["element", "holder", "lot", "mass_mg", "owner", "state"];
const IDENTIFIER = /^[a-z0-9-]{1,40}$/;
const ELEMENT = /^[A-Z][a-z]?(-[a-z]{1,12})?$/;

const owners = (entry) => entry.legs.map((leg) => leg.owner);
const holders = (entry) => entry.legs.map((leg) => leg.holder);
const everybody = (entry) => [...owners(entry), ...holders(entry)];
const parties = (entry) => entry.parties;
const debit = (leg) => leg.mass_mg.startsWith("-");

function arriving(entry) {
  const differs = entry.legs.some((leg) => leg.state === "unaccounted" || leg.state === "source");
  return differs ? holders(entry) : entry.legs.filter((leg) => !debit(leg)).map((leg) => leg.holder);
}

function recovering(entry) {
  const totals = new Map();
  for (const leg of entry.legs) {
    const key = `${leg.owner}/${leg.element}`;
    totals.set(key, (totals.get(key) ?? 0n) + BigInt(leg.mass_mg));
  }
  const changed = [...totals].filter(([, total]) => total !== 0n).map(([key]) => key.split("/")[0]);
  return [...holders(entry), ...changed];
}

const custody = (from) => ({ from, to: from, stays: [["owner", "state", "lot"]], needs: ["contract"], signs: everybody });

export const RULES = {
  receive: { from: ["source"], to: REST, stays: [["owner", "holder", "lot"]], signs: everybody,
    also: (entry) => Boolean(entry.reference) || Object.keys(entry.documents).length > 0 },
  title: { from: INSIDE, to: INSIDE, stays: [["holder", "state", "lot"]], signs: owners },
  ship: { from: REST, to: ["transit", "exported"], stays: [["owner", "lot"]],
    signs: (entry) => [...holders(entry), ...entry.legs.filter((leg) => leg.state === "exported").map((leg) => leg.owner)],
    also: (entry) => said(entry.details, "expected_by", isDay)
      && said(entry.details, "receiver", (party) => [...everybody(entry), ...entry.parties].includes(party)) },
  arrive: { from: ["transit", "source"], to: [...REST, "unaccounted"], stays: [["owner", "lot"]], signs: arriving,
    also: ({ details }) => said(details, "shipment", isId) },
  "lease-out": custody(["stock"]),
  return: custody(REST),
  "re-supply": custody(["stock"]),
  embody: { from: ["stock", "process"], to: ["product"], stays: [["owner", "holder"]], signs: holders,
    also: ({ details }) => isId(details.manifest_sha256) && said(details, "manifest_root", isId)
      && Number.isSafeInteger(details.serials) && details.serials > 0 },
  process: { from: ["stock", "process", "scrap"], to: ["stock", "process", "product", "scrap", "loss", "unaccounted"],
    stays: [["owner", "holder"]], needs: ["reference"], signs: holders },
  collect: { from: ["product", "scrap"], to: ["scrap"], stays: [["owner"]], signs: holders },
  recover: { from: ["scrap", "process"], to: ["stock", "process", "loss", "unaccounted"], stays: [["holder"]], needs: ["documents"],
    signs: recovering, also: attributed },
  exchange: { from: REST, to: REST, stays: [["owner"], ["holder"], ["state"]], signs: everybody },
  loss: { from: [...INSIDE, "unaccounted"], to: ["loss"], stays: [["owner", "holder", "lot"]], needs: ["reason"], signs: everybody },
  adjustment: { from: ANY, to: ANY, stays: [], needs: ["reason"], signs: everybody, also: (entry) => Boolean(entry.corrects || entry.reference) },
  reversal: { from: ANY, to: ANY, stays: [], needs: ["reason", "corrects"] },
  pledge: { signs: ({ details }) => [details.owner, details.pledgee],
    also: (entry) => lien(entry) && "pledged" in entry.details && entry.details.owner !== entry.details.pledgee },
  release: { signs: ({ details }) => [details.pledgee], also: (entry) => lien(entry) && isId(entry.details.pledge) },
  key: { open: true, signs: () => ["registry"], also: keyDetails },
  notice: { open: true, signs: () => ["registry"], also: (entry) => Boolean(entry.reason) || Object.keys(entry.documents).length > 0 },
  contract: { needs: ["contract", "documents", "parties"], signs: parties },
  statement: { needs: ["documents", "parties"], signs: (entry) => ("issuer" in entry.details ? [entry.details.issuer] : entry.parties),
    also: ({ details, parties: named }) => (!("issuer" in details) || named.includes(details.issuer))
      && said(details, "closes_until", (day) => isDay(day) && !("issuer" in details) && named.length === 2) },
  reaffirm: { needs: ["parties"], signs: parties, also: ({ details }) => Array.isArray(details.entries) && details.entries.length > 0
    && details.entries.length <= 400 && details.entries.every((id, at, all) => isId(id) && (!at || id > all[at - 1])) },
};

function attributed(entry) {
  const batch = new Set(entry.legs.filter(debit).map((leg) => `${leg.owner}/${leg.element}`));
  return entry.legs.every((leg) => debit(leg) || batch.has(`${leg.owner}/${leg.element}`));
}

/** Whether a detail holds, where it is given at all. */
const said = (details, name, holds) => !(name in details) || holds(details[name]);
const isId = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

function isDay(value) {
  if (typeof value !== "string" || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value)) return false;
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.valueOf()) && day.toISOString().startsWith(value);
}

function lien({ details, parties: named }) {
  return [details.owner, details.pledgee].every((party) => IDENTIFIER.test(party ?? "") && named.includes(party))
    && said(details, "pledged", pledged);
}

/** Whether a list of what is pledged or released has lines of the right form, sorted by account, each once. */
function pledged(lines) {
  const sound = Array.isArray(lines) && lines.length > 0 && lines.length <= 400 && lines.every((line) => line
    && Object.keys(line).sort().join() === "element,holder,lot,mass_mg,state" && [line.holder, line.lot].every((name) => IDENTIFIER.test(name))
    && ELEMENT.test(line.element) && INSIDE.includes(line.state) && /^[1-9][0-9]{0,17}$/.test(line.mass_mg));
  if (!sound) return false;
  const places = lines.map((line) => [line.holder, line.element, line.state, line.lot].join("\n"));
  return places.every((place, at) => !at || place > places[at - 1]);
}

function keyDetails({ details, reason }) {
  const names = Object.keys(details).sort().join();
  if (details.action === "revoke") {
    const since = details.compromised_since_index ?? 0;
    return ["action,vkey", "action,compromised_since_index,vkey"].includes(names) && Boolean(reason) && Number.isSafeInteger(since) && since >= 0;
  }
  if (details.action !== "register" || names !== "action,custody,party,purpose,vkey") return false;
  return IDENTIFIER.test(details.party) && ["held", "hosted"].includes(details.custody)
    && ["entry", "registry", "log", "witness", "recovery"].includes(details.purpose)
    && (details.purpose === "registry") === (details.party === "registry");
}

export const isPublic = (entry) => RULES[entry.kind].open === true;

/** Read a signed text as an entry, with the members that it leaves out as empty. */
export function readEntry(signed) {
  const line = signed.slice(14, -1);
  if (!signed.startsWith("lode/entry/v1\n") || !signed.endsWith("\n") || line.includes("\n")) throw new Fault("malformed", { what: "entry" });
  const value = readCanonical(line);
  const names = Object.keys(value);
  const sound = REQUIRED.every((name) => typeof value[name] === "string") && names.every((name) => MEMBERS.includes(name));
  const empty = names.some((name) => value[name] === null || (typeof value[name] === "object" && !Object.keys(value[name]).length));
  if (!sound || empty) throw new Fault("malformed", { what: "entry" });
  if (!RULES[value.kind]) throw new Fault("unknown-kind", { kind: value.kind });
  const entry = { legs: [], parties: [], documents: {}, details: {}, ...value };
  const accounts = new Set();
  for (const leg of entry.legs) {
    const good = Object.keys(leg).sort().join() === LEG.join() && [leg.owner, leg.holder, leg.lot].every((name) => IDENTIFIER.test(name))
      && ELEMENT.test(leg.element) && ANY.includes(leg.state) && /^-?[1-9][0-9]{0,17}$/.test(leg.mass_mg);
    if (!good || accounts.has(accountOf(leg))) throw new Fault("bad-leg");
    accounts.add(accountOf(leg));
  }
  if (entry.parties.some((name, at) => !IDENTIFIER.test(name) || (at && name <= entry.parties[at - 1]))) throw new Fault("bad-field");
  return entry;
}

/** Hold the rule of the kind, and the sums; `original` is the entry that a reversal takes back. */
export function checkRule(entry, original) {
  const rule = RULES[entry.kind];
  for (const name of rule.needs ?? []) if (!entry[name] || !Object.keys(entry[name]).length) throw new Fault("bad-field", { field: name });
  if (rule.also && !rule.also(entry)) throw new Fault("bad-field", { field: "details" });
  if (!rule.from) {
    if (entry.legs.length) throw new Fault("bad-leg");
    return;
  }
  if (!entry.legs.length) throw new Fault("bad-leg");
  for (const leg of entry.legs) if (!(debit(leg) ? rule.from : rule.to).includes(leg.state)) throw new Fault("bad-leg");
  for (const axes of [[], ...rule.stays]) {
    const totals = new Map();
    for (const leg of entry.legs) {
      const key = [leg.element, ...axes.map((axis) => leg[axis])].join("/");
      totals.set(key, (totals.get(key) ?? 0n) + BigInt(leg.mass_mg));
    }
    if ([...totals.values()].some((total) => total !== 0n)) throw new Fault(axes.length ? "bad-leg" : "unbalanced");
  }
  if (entry.kind === "reversal") checkReversal(entry, original);
}

function checkReversal(entry, original) {
  const listed = (one, sign) => one.legs.map((leg) => `${accountOf(leg)} ${sign * BigInt(leg.mass_mg)}`).sort().join();
  const takeable = original && RULES[original.kind].from && original.kind !== "reversal";
  const mirrored = takeable && listed(entry, 1n) === listed(original, -1n) && entry.parties.join() === original.parties.join();
  if (!mirrored) throw new Fault("bad-correction");
}

/** The parties that had to sign. */
export function mustSign(entry, original) {
  return new Set(RULES[entry.kind === "reversal" ? original.kind : entry.kind].signs(entry.kind === "reversal" ? original : entry));
}
