// What every page of Égide does in the browser: htmx made strict, menus that close, help that opens.
import "./hand.js";
import "./lock.js";
import "./keys.js";
import "./notes.js";
import "./palette.js";
import { carry, cookie, go, HEADER, machineKey, proof, station } from "./possession.js";
import "./session.js";

// htmx asks once more when the request is signed; a form that is being signed is not sent a second time meanwhile.
const signing = new WeakMap();
document.addEventListener("htmx:confirm", (event) => {
  const { elt, verb, path, triggeringEvent, issueRequest } = event.detail;
  event.preventDefault();
  if (triggeringEvent?.type === "submit" && signing.has(elt)) return;
  signing.set(elt, null);
  proof(verb, path || location.href).then((signed) => {
    signing.set(elt, signed);
    issueRequest();
    signing.delete(elt);
  });
});

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, headers } = event.detail;
  headers["X-CSRFToken"] = cookie("csrftoken");
  const signed = signing.get(elt);
  if (signed) headers[HEADER] = signed;
});

// A discreet sign past 150 ms (the delay is in the style sheet).
let waiting = 0;
function wait(change) {
  waiting = Math.max(0, waiting + change);
  document.documentElement.classList.toggle("loading", waiting > 0);
}
document.addEventListener("htmx:beforeRequest", () => wait(1));
document.addEventListener("htmx:afterRequest", () => wait(-1));

// A form is sent once, signed (those that htmx has taken up disable their button themselves).
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.dataset.sent === "signed") {
    form.dataset.sent = "yes";
    return;
  }
  event.preventDefault();
  if (form.dataset.sent) return;
  form.dataset.sent = "waiting";
  const button = event.submitter;
  const to = button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
  if ("machine" in form.dataset) form.elements.key.value = await machineKey();
  await carry(form.method, to);
  if (form.dataset.station) await station(form.method, to, form.dataset.station); // after the proof of who was here until now
  await new Promise((after) => setTimeout(after)); // a form that is still being submitted cannot be submitted
  form.dataset.sent = "signed";
  form.requestSubmit(button?.isConnected ? button : null);
});

// A page that comes back from memory may send its forms again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// A link of ours, followed in this tab: the proof goes first. Elsewhere (a new tab, a bookmark) the page that comes asks for it.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
  const here = link.pathname === location.pathname && link.search === location.search;
  if (link.origin !== location.origin || (here && link.hash)) return;
  event.preventDefault();
  if (link.dataset.station) leave(link);
  else go(link.href);
});

// To a sign-in elsewhere: whoever is here until now proves it, for her session to lock; then a key for who comes back.
async function leave(link) {
  await carry("GET", link.href);
  await station("GET", link.href, link.dataset.station);
  location.assign(link.href);
}

// What was typed outlives a refusal: the sentence is put above the form, the form stays.
function tell(form, notice) {
  form.querySelector(":scope > .warned")?.remove();
  if (notice) form.prepend(notice);
}

function lost(event) {
  const form = event.detail.elt;
  const words = document.getElementById("lost");
  if (form?.matches("form") && words) tell(form, words.content.firstElementChild.cloneNode(true));
}

document.addEventListener("htmx:sendError", lost);
document.addEventListener("htmx:timeout", lost);
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target, elt } = event.detail;
  if (xhr.status < 400 || xhr.status === 401 || xhr.status === 422) return;
  if (target.closest("[data-entry]") && !elt.matches("form")) return;
  event.detail.shouldSwap = false;
  if (elt.matches("form")) {
    const answer = new DOMParser().parseFromString(xhr.responseText, "text/html");
    tell(elt, answer.querySelector(".warned"));
  }
});

// Menus close on a click elsewhere and on Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog")?.close();
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog) {
      event.preventDefault();
      dialog.showModal();
    }
  }
});
