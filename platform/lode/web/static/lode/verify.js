/* The page Verify: check the ledger in this browser, or a bundle that is dropped, and remember the tree head. */
import { Audit } from "./verify-audit.js";
import { canCheck } from "./verify-bytes.js";
import { configOf, fill, sentenceOf, stand, utcNow } from "./verify-say.js";
import { Bundle, Online, heldHead, keepHead, memory, shortRoot, trustOf } from "./verify-source.js";
import { untar } from "./verify-tar.js";

const root = document.getElementById("verify");
const strip = document.getElementById("verify-result");
const button = document.getElementById("verify-now");
const file = document.getElementById("verify-file");
const drop = document.getElementById("verify-drop");
const keys = document.getElementById("verify-keys");
const bar = document.getElementById("verify-progress");
const { texts, ...config } = configOf(root);

const show = (name, value) => { root.querySelector(`[data-fact="${name}"]`).textContent = value; };
const many = (count) => count.toLocaleString("en");

function progress(step, done, total) {
  bar.max = total;
  bar.value = done;
  if (step === "tiles") show("tiles", many(done));
  if (step === "entries") show("leaves", `${many(done)} / ${many(total)}`);
}

function report(audit, trust, held, seconds) {
  const { counts, head } = audit;
  show("book", head.origin);
  show("head", `${many(head.size)} · ${shortRoot(head)}`);
  show("opened", many(counts.opened));
  show("signatures", many(counts.signatures));
  show("accounts", many(counts.accounts));
  show("keys", `${many(counts.keys)} · ${texts.trust[trust.from]}`);
  show("held", held ? fill(texts.held, { size: many(held.size), at: held.at }) : texts.first_time);
  show("time", fill(texts.time, { seconds: seconds.toFixed(2), rate: many(Math.round(head.size / Math.max(seconds, 0.001))) }));
}

async function run(source, options, remember) {
  button.disabled = true;
  bar.hidden = false;
  root.querySelector("[data-facts]").hidden = false;
  for (const fact of root.querySelectorAll("[data-fact]")) fact.textContent = "—";
  stand(strip, "checking", texts.checking);
  const begun = performance.now();
  try {
    const trust = await trustOf(source, given());
    const held = heldHead(trust.book);
    const audit = new Audit(source, trust, { ...options, held: remember ? held : olderOf(held), progress });
    await audit.run();
    report(audit, trust, held, (performance.now() - begun) / 1000);
    const at = utcNow();
    if (remember) {
      memory.save("keys", trust.book, trust.said);
      memory.save("checked", "last", { at, size: audit.head.size });
      keepHead(audit.head, at);
    }
    const { counts } = audit;
    const facts = { at, size: many(audit.head.size), opened: many(counts.opened), accounts: many(counts.accounts), party: options.party ?? "" };
    stand(strip, "checked", fill(texts.done[options.full ? "full" : options.party ? "party" : "tree"], facts));
  } catch (fault) {
    stand(strip, "failed", sentenceOf(fault, texts));
  } finally {
    button.disabled = false;
    bar.hidden = true;
  }

  /* A bundle may be older than what this browser has seen; only a tree head not beyond it can be compared. */
  function olderOf(held) {
    return held && source.size !== undefined && held.size <= source.size ? held : null;
  }
}

function given() {
  const data = new FormData(keys);
  return { log: String(data.get("log") ?? "").trim(), registry: String(data.get("registry") ?? "").trim() };
}

async function open(chosen) {
  if (!chosen) return;
  stand(strip, "checking", texts.checking);
  try {
    const bundle = new Bundle(untar(new Uint8Array(await chosen.arrayBuffer())));
    const checkpoint = new TextDecoder().decode(await bundle.read("checkpoint")).split("\n");
    bundle.size = Number(checkpoint[1]);
    await run(bundle, { party: bundle.party, full: bundle.full }, false);
  } catch (fault) {
    stand(strip, "failed", sentenceOf(fault, texts));
  }
}

function start() {
  root.querySelector("[data-live]").hidden = false;
  const kept = memory.load("given", "keys") ?? {};
  for (const name of ["log", "registry"]) keys.elements[name].value = kept[name] ?? "";
  keys.addEventListener("submit", (event) => {
    event.preventDefault();
    memory.save("given", "keys", given());
    keys.querySelector("[aria-live]").textContent = texts.keys_kept;
  });
  button.addEventListener("click", () => run(new Online(config), { party: config.party, full: config.full }, true));
  file.addEventListener("change", () => open(file.files[0]));
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    open(event.dataTransfer.files[0]);
  });
  const last = memory.load("checked", "last");
  if (last) stand(strip, "not_checked", fill(texts.last, { at: last.at, size: many(last.size) }));
}

if (await canCheck()) start();
else stand(strip, "not_checked", texts.cannot);
