// The page does not outlive its session: it empties when the session ends, masks itself when the server is out of reach,
// reloads when the browser brings it back from memory.
import { hangUp, listening } from "./live.js";
import { ask, reload } from "./possession.js";
import { heard, tell } from "./tabs.js";

const BEAT = 20000; // while the live channel is heard; it says sooner what happens
const ALONE = 4000; // without it
const PATIENCE = 5000;
const NO_PATIENCE = 1700; // after three seconds without a beat: in five, nothing is heard of anybody and the page is masked

const said = document.getElementById("session-ended");
let ended = false;

function empty() {
  if (ended) return;
  ended = true;
  hangUp();
  document.dispatchEvent(new Event("emptied"));
  document.title = "Égide";
  const words = said ? said.content.cloneNode(true) : document.createTextNode("");
  document.documentElement.classList.remove("masked", "loading");
  document.body.replaceChildren(words);
  // not the link: whoever is typing would follow it
  const main = document.body.querySelector("main");
  main?.setAttribute("tabindex", "-1");
  main?.focus();
}

document.addEventListener("session-ended", empty);
document.addEventListener("htmx:beforeSwap", (event) => {
  const { status } = event.detail.xhr;
  if (status !== 401 && status !== 423) return;
  event.detail.shouldSwap = false;
  if (status === 401) empty();
  else document.dispatchEvent(new Event("session-locked"));
});

const address = document.body.dataset.alive;

// A page of nobody's (signed out, ended, or the door): the other tabs ask at once whether they are still somebody's.
// "somebody": what they show was another's.
if (address) {
  heard("somebody", empty);
  heard("nobody", () => beat());
} else tell("nobody");

let timer = 0;

async function beat(patience = PATIENCE) {
  if (!address || ended) return;
  clearTimeout(timer);
  let next = listening() ? BEAT : ALONE;
  try {
    const answer = await ask(address, { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(patience) });
    if (answer.status === 401) return empty();
    if (answer.status === 423) document.dispatchEvent(new Event("session-locked"));
    mask(answer.status >= 500);
    if (answer.status >= 500) next = ALONE;
  } catch {
    mask(true);
    next = ALONE;
  }
  clearTimeout(timer);
  timer = setTimeout(() => beat(), next);
}

function mask(on) {
  document.documentElement.classList.toggle("masked", on);
}

if (address) {
  timer = setTimeout(() => beat(), BEAT);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") beat();
  });
  window.addEventListener("offline", () => mask(true));
  window.addEventListener("online", () => beat());
  document.addEventListener("live-down", () => beat(NO_PATIENCE));
  document.addEventListener("live-up", () => beat());
  document.addEventListener("live-die", empty);
}

window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    document.body.replaceChildren();
    reload();
  }
});
