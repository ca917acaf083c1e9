// Writing a note: the draft is kept at each pause, on leaving a field and when the page hides; `;ta` and kin are spelled out.
import { ask, cookie, HEADER, proof } from "./possession.js";

const PAUSE = 1500;
const AGAIN = 5000;
const timers = new WeakMap();
const unsaved = new Set();

function saver(form) {
  return form.querySelector("[data-draft]");
}

function keep(form) {
  clearTimeout(timers.get(form));
  if (!unsaved.has(form) || !form.isConnected) return;
  unsaved.delete(form);
  window.htmx.trigger(saver(form), "keep");
}

// A page that goes has no time to sign: a proof for its draft is made while one types.
const ready = new WeakMap();

function later(form, delay) {
  proof("POST", saver(form).dataset.draft).then((signed) => ready.set(form, signed));
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => keep(form), delay));
}

// `;ta ` becomes the last pressure with its time. The words come with the form, in data-say-….
function said(form, name) {
  const now = new Date();
  if (name === "date") return now.toLocaleDateString("fr-FR");
  if (name === "heure") return now.toLocaleTimeString("fr-FR", { hour: "2-digit", minute: "2-digit" });
  return form.getAttribute("data-say-" + name);
}

function spell(form, field) {
  const at = field.selectionStart;
  const found = /(^|\s);([a-z]{1,10})(\s)$/.exec(field.value.slice(0, at));
  const words = found && said(form, found[2]);
  if (words) field.setRangeText(words + found[3], at - found[2].length - 2, at, "end");
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-note]");
  if (!form) return;
  spell(form, event.target);
  unsaved.add(form);
  later(form, PAUSE);
});

document.addEventListener("focusout", (event) => {
  const form = event.target.closest?.("form[data-note]");
  if (form) keep(form);
});

// Signing ends the draft: what is still waiting is not kept after it.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-note]")) return;
  clearTimeout(timers.get(event.target));
  unsaved.delete(event.target);
});

// A page that goes has no time for htmx: the browser sends it after the page is gone.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") return;
  for (const form of unsaved) {
    if (!form.isConnected) continue;
    fetch(saver(form).dataset.draft, {
      method: "POST", body: new URLSearchParams(new FormData(form)), keepalive: true,
      headers: { "X-CSRFToken": cookie("csrftoken"), [HEADER]: ready.get(form) ?? "" },
    }).catch(() => unsaved.add(form));
  }
});

// An answer that did not come: the draft is still here, and is tried again.
for (const lost of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(lost, (event) => {
    const form = event.detail.elt.closest?.("form[data-note]");
    if (!form || event.detail.elt === form) return;
    unsaved.add(form);
    later(form, AGAIN);
  });
}

// The page is given up, under its lock or with its session: nothing of what was typed is held here.
for (const over of ["dropped", "emptied"]) document.addEventListener(over, () => unsaved.clear());

// Before the lock: what is not kept yet is sent at once, and the lock waits for it.
document.addEventListener("will-lock", (event) => {
  for (const form of unsaved) {
    if (!form.isConnected) continue;
    clearTimeout(timers.get(form));
    unsaved.delete(form);
    const body = new URLSearchParams(new FormData(form));
    const headers = { "X-CSRFToken": cookie("csrftoken") };
    const sent = ask(saver(form).dataset.draft, { method: "POST", body, headers, signal: AbortSignal.timeout(3000) });
    event.detail.waits.push(sent.then((answer) => answer.ok || unsaved.add(form), () => unsaved.add(form)));
  }
});
