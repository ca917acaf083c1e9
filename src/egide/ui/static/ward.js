// The unit's list follows arrivals and departures: the live channel says when to ask; without it, one small question every two
// seconds. When the answer changes the page is read again, at once where nobody is typing, else at the first moment when nobody is.
import { listening } from "./live.js";
import { ask, reload } from "./possession.js";

const EVERY = 2000;
const list = document.querySelector("[data-changes]");
let seen = null;
let moved = false;

function busy() {
  const open = document.querySelector("[data-entry]:not([hidden])");
  const typed = [...document.querySelectorAll("input, textarea")].some((one) => one === document.activeElement && one.value);
  return Boolean(open || typed || document.querySelector("dialog[open]"));
}

async function look() {
  if (document.visibilityState !== "visible" || document.documentElement.classList.contains("masked")) return;
  try {
    const answer = await ask(list.dataset.changes, { cache: "no-store" });
    if (!answer.ok) return;
    const now = await answer.text();
    moved ||= seen !== null && now !== seen;
    seen = now;
  } catch {
    return; // out of reach: session.js says so
  }
  follow();
}

function follow() {
  if (moved && !busy() && list.isConnected) reload();
}

if (list) {
  look();
  setInterval(() => (listening() ? follow() : look()), EVERY);
  document.addEventListener("live-changed", look);
  document.addEventListener("live-up", look);
  document.addEventListener("visibilitychange", look);
}
