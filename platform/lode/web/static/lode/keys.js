/* The page of keys: makes one in this browser, and lists those that are kept in it. */
import { canKeep, forgetKey, keysHere, makeKey } from "./held-keys.js";

const form = document.getElementById("make-key");
const list = document.getElementById("keys-here");
const registered = new Set((list?.dataset.vkeys ?? "").split(" "));

async function show() {
  const keys = await keysHere();
  list.replaceChildren(...keys.map((key) => {
    const item = document.getElementById("key-here").content.cloneNode(true);
    item.querySelector("[data-name]").textContent = key.name;
    for (const part of item.querySelectorAll("[data-registered]")) {
      part.hidden = (part.dataset.registered === "yes") !== registered.has(key.vkey);
    }
    const again = item.querySelector("[name=vkey]");
    if (again) again.value = key.vkey;
    item.querySelector("[data-forget]").addEventListener("click", async () => {
      await forgetKey(key.vkey);
      await show();
    });
    return item;
  }));
  document.getElementById("no-keys-here").hidden = keys.length > 0;
}

async function make(event) {
  event.preventDefault();
  const label = form.querySelector("[name=label]");
  try {
    form.querySelector("[name=vkey]").value = await makeKey(form.dataset.prefix + label.value.trim());
    form.submit();
  } catch {
    document.getElementById("cannot-make").hidden = false;
  }
}

if (await canKeep()) {
  if (form) {
    form.hidden = false;
    form.addEventListener("submit", make);
  }
  if (list) await show();
} else {
  document.getElementById("cannot-keep").hidden = false;
}
