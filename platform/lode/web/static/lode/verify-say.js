/* Sentences: the page brings them in the reader's language, a fault brings the facts. */
import { Fault } from "./verify-bytes.js";

export const fill = (sentence, facts = {}) => sentence.replace(/%\((\w+)\)s/g, (whole, name) => (name in facts ? String(facts[name]) : whole));

export function configOf(node) {
  return JSON.parse(node.dataset.config);
}

/** What did not hold, as a sentence that names the entry where one is at fault. */
export function sentenceOf(fault, texts) {
  if (!(fault instanceof Fault)) return fill(texts.faults.unexpected, { why: fault.message });
  const facts = { ...fault.facts };
  if (fault.code === "checkpoint") facts.reason = texts.faults[facts.why] ? fill(texts.faults[facts.why], facts) : facts.why;
  const sentence = texts.faults[fault.code] ?? fill(texts.faults.unexpected, { why: fault.code });
  const named = facts.index === undefined || sentence.includes("%(index)s") ? sentence : texts.entry + sentence;
  return fill(named, facts);
}

/** Show how a strip stands: its icon and word, its edge, and what it says. */
export function stand(strip, state, said) {
  for (const icon of strip.querySelectorAll("[data-icon]")) icon.hidden = icon.dataset.icon !== state;
  strip.classList.toggle("ok", state === "checked");
  strip.classList.toggle("bad", state === "failed");
  strip.dataset.state = state;
  strip.querySelector("[data-said]").textContent = said;
}

export const utcNow = () => `${new Date().toISOString().slice(0, 19).replace("T", " ")} UTC`;
