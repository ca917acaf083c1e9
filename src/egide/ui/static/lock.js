// The lock: Alt-L, the button, three minutes without a hand, or the keeper's word. The page leaves the document at once, in every tab;
// its owner's key brings it back as it was. The lock itself is the keeper's: a page that is reloaded shows who is locked, and no more.
// A session of rescue has no key that would reopen it: the same hand ends it, and three minutes without one leave it to its own end.
import { idle } from "./hand.js";
import { go, owing, reload } from "./possession.js";
import { heard, tell } from "./tabs.js";
import { acting, asserted, post, Said } from "./webauthn.js";

const ALONE = 180000; // milliseconds without a hand
const KEPT = 900000; // what was being typed waits for its owner; then the page is asked for anew
const AGAIN = 2000; // until the lock is told again: nobody answered,
const REFUSED = 10000; // or the answer was no

const words = document.getElementById("locked"); // the template, on a page of somebody's
const ends = Boolean(words && "ends" in words.dataset); // a session of rescue
let kept = null; // what the page showed: out of the document, in this tab's memory alone
let over = false; // the session ended: there is nothing to lock any more
let locked = Boolean(document.getElementById("locked-screen"));
let owed = ""; // how this page was hidden, until the keeper has answered that its session is locked
let sending = null; // the telling of it that is under way
let drafts = null; // being kept, before it is told

function hide() {
  if (locked || over || !words) return false;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  const page = document.createDocumentFragment();
  const focus = document.activeElement;
  const scroll = [window.scrollX, window.scrollY];
  page.append(...document.body.childNodes);
  kept = { page, focus, scroll, title: document.title };
  const mine = kept;
  mine.timer = setTimeout(() => drop(mine), KEPT);
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

// The keeper is to be told, or knows. A page that comes meanwhile (F5, a new tab) finds it noted in the browser (prove.js).
function due(how) {
  if (Boolean(how) !== Boolean(owed)) owing(Boolean(how));
  owed = how;
}

function show() {
  due("");
  if (!locked) return;
  if (!kept?.page) {
    reload();
    return;
  }
  const { page, focus, scroll, title, timer } = kept;
  clearTimeout(timer);
  locked = false;
  kept = null;
  document.body.replaceChildren(page);
  document.title = title;
  window.scrollTo(...scroll);
  if (focus?.isConnected && focus !== document.body) focus.focus({ preventScroll: true });
}

// Takes a page to pieces: whatever some script still holds of it holds nothing else.
function scatter(root) {
  for (const one of root.querySelectorAll("*")) one.replaceChildren();
  root.replaceChildren();
}

function drop(one) {
  clearTimeout(one.timer);
  if (one.page) scatter(one.page);
  one.page = one.focus = null;
  document.dispatchEvent(new Event("dropped"));
}

// ── locking ───────────────────────────────────────────────────────────────────────────────────────────────────────────

// One attempt to tell the keeper. Nothing hidden is believed to be locked before it has answered.
async function say() {
  await drafts;
  for (let tries = 0; owed; tries += 1) {
    const screen = document.getElementById("locked-screen");
    try {
      await post(screen.dataset.at, { how: owed }, screen);
      due("");
    } catch (fault) {
      if (fault.status === 401) document.dispatchEvent(new Event("session-ended"));
      if (fault.status === 423) due("");
      else if (fault.status !== 428 || tries === 2) throw Object.assign(new Said(screen.dataset.owed), { status: fault.status });
    } // 428: this browser's clock was put right
  }
  if (ends) {
    tell("nobody");
    document.dispatchEvent(new Event("session-ended"));
  } else if (locked) tell("locked");
}

// What is owed is told, once at a time; who opens or leaves the screen waits for it.
function settle() {
  if (!owed) return Promise.resolve();
  sending ??= say().finally(() => (sending = null));
  return sending;
}

async function insist() {
  while (owed) {
    try {
      await settle();
    } catch (fault) {
      await new Promise((again) => setTimeout(again, fault.status < 500 ? REFUSED : AGAIN));
    }
  }
}

// Drafts first: whoever writes them puts its promise in `waits`.
function lock(how) {
  if (locked || over || !words) return;
  const waits = [];
  document.dispatchEvent(new CustomEvent("will-lock", { detail: { waits } }));
  drafts = Promise.allSettled(waits);
  hide();
  due(how);
  tell("owed");
  insist();
}

async function leave() {
  const { door } = document.getElementById("locked-screen").dataset;
  await settle();
  go(ends ? door : door + "?changer");
  return true;
}

function change() {
  lock("change");
  if (locked) desk.once(document.querySelector("#locked-screen [data-change]"), leave);
}

// The keeper's word, however it comes.
function known() {
  due("");
  return hide();
}

// Another tab hides, and may be gone before it is heard: this one says it too if that lasts.
function owe() {
  hide();
  if (!locked || owed) return;
  due("asked");
  setTimeout(insist, AGAIN);
}

document.addEventListener("live-lock", () => known() && tell("locked"));
document.addEventListener("session-locked", known);
document.addEventListener("emptied", () => {
  over = true;
  locked = false;
  due("");
  if (kept) drop(kept);
  kept = null;
  scatter(document.body);
});
heard("owed", owe);
heard("locked", known);
heard("reopened", show);
// Somebody else signed in here, and whose page was locked is not known by it any more.
heard("somebody", () => locked && !words && reload());

if (words && !ends) setInterval(() => !locked && idle() >= ALONE && lock("idle"), 1000);

// ── opening again ─────────────────────────────────────────────────────────────────────────────────────────────────────

let desk = null;

function ready() {
  const screen = document.getElementById("locked-screen");
  desk = acting(document.getElementById("locked-status"), screen);
  screen.querySelector("[data-reopen], [data-change]").focus();
}

async function reopen(button) {
  const screen = document.getElementById("locked-screen");
  desk.say(screen.dataset.waiting);
  await settle();
  const begun = await post(screen.dataset.challenge, {}, screen);
  if (owed) return reopen(button); // another tab was hidden meanwhile
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
