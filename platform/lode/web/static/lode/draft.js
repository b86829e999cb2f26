/* The draft: a form that works without any of this. Marks wrong fields, pauses the button, lights up what belongs together. */
"use strict";
(() => {
  const form = document.getElementById("draft");
  const preview = document.getElementById("preview");
  const notice = document.getElementById("draft-notice");
  if (!form || !preview || !notice) return;

  /* What was typed after a request left is not in its answer: the preview stays stale until the answer that has it. */
  let typed = 0;
  let sent = 0;
  for (const type of ["input", "change"]) form.addEventListener(type, () => { typed += 1; });
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt === form) sent = typed;
  });

  const settle = () => {
    for (const slot of form.querySelectorAll("[data-slot]")) {
      const input = document.getElementById(slot.dataset.slot);
      const wrong = slot.firstElementChild !== null;
      if (input && input.matches("input, select")) {
        if (wrong) input.setAttribute("aria-invalid", "true");
        else input.removeAttribute("aria-invalid");
      }
      if (wrong) for (let up = slot.closest("details"); up; up = up.parentElement.closest("details")) up.open = true;
    }
    const paused = notice.querySelector("[data-problems]") !== null;
    document.getElementById("put-forward").disabled = paused;
    document.querySelector(".if-paused").hidden = !paused;
    document.querySelector(".if-not-paused").hidden = paused;
  };
  document.addEventListener("htmx:afterSettle", settle);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt === form && sent !== typed) preview.dataset.stale = "true";
  });

  /* A clause lights up the terms that feed it; a term in focus lights up its clauses. */
  const light = (nodes) => {
    for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
    for (const node of nodes) if (node) node.classList.add("lit");
  };
  form.addEventListener("click", (event) => {
    const clause = event.target.closest(".clause");
    if (!clause || event.target.closest("a, summary")) return;
    const inputs = clause.dataset.terms.split(" ").filter(Boolean).map((id) => document.getElementById(id));
    light([clause, ...inputs.map((input) => input && input.closest(".field"))]);
  });
  form.addEventListener("focusin", (event) => {
    const field = event.target.closest(".terms .field");
    if (!field) return;
    const anchors = [...field.querySelectorAll(":scope > :is(.label-line, .check, legend) .feeds a")].map((link) => link.hash.slice(1));
    light(anchors.map((id) => document.getElementById(id)));
  });
})();
