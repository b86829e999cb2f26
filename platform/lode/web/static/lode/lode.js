/* Small conveniences over pages that work without any of this: theme without a reload, copying, stale previews, focus. */
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  /* Theme: the same cookie that the form's POST sets, so the server draws the right theme next time. */
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.name !== "theme") return;
    event.preventDefault();
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `lode_theme=${button.value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    root.dataset.theme = button.value;
    for (const other of document.querySelectorAll("button[name='theme']")) {
      other.setAttribute("aria-pressed", String(other.value === button.value));
    }
  });

  /* Copying a hash or a reference: the button says for a moment that it is done, to readers as well. */
  document.addEventListener("mousedown", (event) => {
    /* A whole hash that has the focus would fold up, and the button slip away from under the pointer. */
    if (event.target.closest("button[data-copy]")) event.preventDefault();
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const said = button.querySelector("[aria-live]");
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      said.textContent = button.dataset.done;
    } catch {
      said.textContent = button.dataset.failed;
      const full = button.parentElement.querySelector(".digest");
      if (full) full.focus();
    }
    setTimeout(() => { said.textContent = ""; }, 2000);
  });

  /* A preview is stale from the first keystroke of its form, and fresh again only by an answer of 200. */
  const previewOf = (node) => {
    const form = node.closest && node.closest("form[data-preview]");
    return form ? document.getElementById(form.dataset.preview) : null;
  };
  for (const type of ["input", "change"]) {
    document.addEventListener(type, (event) => {
      const preview = previewOf(event.target);
      if (preview) preview.dataset.stale = "true";
    });
  }
  document.addEventListener("htmx:afterRequest", (event) => {
    const preview = previewOf(event.detail.elt);
    if (preview && event.detail.xhr && event.detail.xhr.status === 200) delete preview.dataset.stale;
  });

  /* Floating menus close on Escape and on a click outside them. */
  const menus = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  document.addEventListener("click", (event) => {
    for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
  });

  /* After a submit with errors the summary takes the focus; the rail's strip shows where one is. */
  const summary = document.querySelector("[data-error-summary]");
  if (summary) summary.focus();
  const here = document.querySelector(".rail a[aria-current]");
  if (here && matchMedia("(max-width: 959.98px)").matches) {
    const strip = here.closest(".rail");
    strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
  }
})();
