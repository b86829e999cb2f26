/* "Check this entry": the tree up to its signed root, and this entry's note, seal, proof and signatures. */
import { Audit } from "./verify-audit.js";
import { canCheck } from "./verify-bytes.js";
import { configOf, fill, sentenceOf, stand, utcNow } from "./verify-say.js";
import { OneOnline, heldHead, keepHead, memory, trustOf } from "./verify-source.js";

const strip = document.getElementById("entry-check");
const button = document.getElementById("check-entry");
const config = configOf(strip);
const texts = config.texts;

async function check() {
  button.disabled = true;
  stand(strip, "checking", texts.checking);
  const index = Number(strip.dataset.verifyEntry);
  try {
    const source = new OneOnline(config, index);
    const trust = await trustOf(source, memory.load("given", "keys") ?? {});
    const audit = await new Audit(source, trust, { only: index, held: heldHead(trust.book) }).run();
    memory.save("keys", trust.book, trust.said);
    keepHead(audit.head, utcNow());
    stand(strip, "checked", fill(texts.entry_checked, { index, size: audit.head.size, at: utcNow() }));
  } catch (fault) {
    stand(strip, "failed", sentenceOf(fault, texts));
  } finally {
    button.disabled = false;
  }
}

if (await canCheck()) {
  button.hidden = false;
  button.addEventListener("click", check);
} else {
  stand(strip, "not_checked", texts.cannot);
}
