// What every page of Égide does in the browser: htmx made strict, menus that close, help that opens.
import "./keys.js";
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

// A form is sent once.
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button[type=submit]");
  if (button) setTimeout(() => button.setAttribute("aria-busy", "true"));
});
document.addEventListener("htmx:afterRequest", (event) => {
  const button = event.target.querySelector?.("button[aria-busy]");
  if (button) button.removeAttribute("aria-busy");
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
