// What every page of Égide does in the browser: htmx made strict, menus that close, help that opens.
import "./keys.js";
import "./notes.js";
import "./palette.js";
import "./session.js";

export function cookie(name) {
  const found = document.cookie.split("; ").find((one) => one.startsWith(name + "="));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = cookie("csrftoken");
});

// A discreet sign past 150 ms (the delay is in the style sheet).
let waiting = 0;
function wait(change) {
  waiting = Math.max(0, waiting + change);
  document.documentElement.classList.toggle("loading", waiting > 0);
}
document.addEventListener("htmx:beforeRequest", () => wait(1));
document.addEventListener("htmx:afterRequest", () => wait(-1));

// A form is sent once (those of htmx disable their button themselves).
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});

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
