/* Signing on a page with a key of this browser: the text that stands on the page is signed, and only its line is sent. */
import { keysHere, signatureLine } from "./held-keys.js";

function say(block, what) {
  for (const part of block.querySelectorAll("[data-say]")) part.hidden = part.dataset.say !== what;
}

function papersOf(block, keys) {
  return [...block.querySelectorAll("[data-vkeys]")].map((part) => ({
    part,
    text: part.querySelector("pre[data-text]").textContent,
    line: part.querySelector("textarea"),
    key: keys.find((key) => part.dataset.vkeys.split(" ").includes(key.vkey)),
  }));
}

function ready(block, papers) {
  const lacking = papers.filter((paper) => !paper.key);
  for (const { part } of lacking) part.querySelector("[data-by-hand]").open = true;
  block.querySelector("[data-key-names]").textContent = [...new Set(papers.map((paper) => paper.key?.name))].join(", ");
  say(block, lacking.length ? "no-key" : "ready");
}

async function fill(block, papers, form) {
  try {
    for (const paper of papers) paper.line.value = await signatureLine(paper.key, paper.text);
    form.submit();
  } catch {
    say(block, "failed");
  }
}

for (const block of document.querySelectorAll("[data-sign]")) {
  const form = block.closest("form");
  const papers = papersOf(block, await keysHere().catch(() => []));
  ready(block, papers);
  form.addEventListener("submit", (event) => {
    const open = papers.filter((paper) => !paper.line.value.trim());
    if (!open.length) return;
    event.preventDefault();
    const lacking = open.find((paper) => !paper.key);
    if (lacking) lacking.line.focus();
    else fill(block, open, form);
  });
}
