// The lock: Alt-L, the button, three minutes without a hand, or the keeper's word. The page leaves the document at once, in every tab;
// its owner's key brings it back as it was. The lock itself is the keeper's: a page that is reloaded shows who is locked, and no more.
import { idle } from "./hand.js";
import { go, reload } from "./possession.js";
import { heard, tell } from "./tabs.js";
import { acting, asserted, post } from "./webauthn.js";

const ALONE = 180000; // milliseconds without a hand
const KEPT = 900000; // what was being typed waits for its owner; then the page is asked for anew
const AGAIN = 2000;

const words = document.getElementById("locked"); // the template, on a page of somebody's
let kept = null; // what the page showed: out of the document, in this tab's memory alone
let over = false; // the session ended: there is nothing to lock any more
let locked = Boolean(document.getElementById("locked-screen"));

function hide() {
  if (locked || over || !words) return false;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  const page = document.createDocumentFragment();
  const focus = document.activeElement;
  const scroll = [window.scrollX, window.scrollY];
  page.append(...document.body.childNodes);
  kept = { page, focus, scroll, title: document.title };
  const mine = kept;
  setTimeout(() => (mine.page = null), KEPT);
  locked = true;
  document.title = "Égide";
  document.documentElement.classList.remove("loading", "masked");
  const main = document.createElement("main");
  main.className = "main";
  main.id = "main";
  main.append(words.content.cloneNode(true));
  document.body.append(main);
  ready();
  return true;
}

function show() {
  if (!locked) return;
  if (!kept?.page) {
    reload();
    return;
  }
  const { page, focus, scroll, title } = kept;
  locked = false;
  kept = null;
  document.body.replaceChildren(page);
  document.title = title;
  window.scrollTo(...scroll);
  if (focus?.isConnected && focus !== document.body) focus.focus({ preventScroll: true });
  document.dispatchEvent(new Event("unlocked"));
}

// ── locking ───────────────────────────────────────────────────────────────────────────────────────────────────────────

// Drafts first: whoever writes them puts its promise in `waits`.
async function begin(how) {
  const waits = [];
  document.dispatchEvent(new CustomEvent("will-lock", { detail: { waits } }));
  hide();
  tell("locked");
  await Promise.allSettled(waits);
  for (let tries = 0; locked && !over; tries += 1) {
    try {
      await post(words.dataset.at, { how }, words);
      return;
    } catch (fault) {
      if (fault.status === 401) document.dispatchEvent(new Event("session-ended"));
      if (fault.status === 428 && tries < 2) continue; // this browser's clock was put right
      if (fault.status < 500) return; // over
    }
    await new Promise((again) => setTimeout(again, AGAIN)); // nobody answers: hidden meanwhile, and said as soon as it can be
  }
}

export function lock(how) {
  return locked || over || !words ? Promise.resolve() : begin(how);
}

async function change() {
  await lock("change");
  go((document.getElementById("locked-screen")?.dataset.door ?? "/connexion/") + "?changer");
}

// The keeper's word, however it comes.
document.addEventListener("live-lock", () => hide() && tell("locked"));
document.addEventListener("session-locked", () => hide());
document.addEventListener("emptied", () => {
  over = true;
  locked = false;
  kept = null;
});
heard("locked", hide);
heard("reopened", show);

if (words) setInterval(() => !locked && idle() >= ALONE && lock("idle"), 1000);

// ── opening again ─────────────────────────────────────────────────────────────────────────────────────────────────────

let desk = null;

function ready() {
  const screen = document.getElementById("locked-screen");
  desk = acting(document.getElementById("locked-status"), screen);
  screen.querySelector("[data-reopen]").focus();
}

async function reopen(button) {
  const screen = document.getElementById("locked-screen");
  desk.say(screen.dataset.waiting);
  const begun = await post(screen.dataset.challenge, {}, screen);
  if (!begun.open) {
    const response = await asserted(button.dataset.as, begun.options, screen);
    await post(screen.dataset.proof, { challenge_id: begun.challenge_id, response }, screen);
  }
  tell("reopened");
  show();
}

if (locked) ready();

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-lock]")) lock("asked");
  const again = event.target.closest("[data-reopen]");
  if (again && locked) desk.once(again, reopen);
  if (event.target.closest("[data-change]")) change();
});

// Before any other key of the page: a locked page has its own two buttons, and no palette, list or field.
window.addEventListener(
  "keydown",
  (event) => {
    const chord = event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (chord && (event.code === "KeyL" || event.code === "KeyU") && (locked || (words && !over))) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.code === "KeyU") change();
      else lock("asked");
    } else if (locked) event.stopImmediatePropagation();
  },
  { capture: true },
);
