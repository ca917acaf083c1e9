// The live channel: "die" and "changed", never a datum. One tab of the browser listens and tells the others; where nothing has been
// heard for three seconds each page asks the web server itself (session.js).
import { ask } from "./possession.js";

const SILENCE = 3000;
const AGAIN = 2000;

const address = document.body.dataset.live;
const name = "egide-live-" + document.body.dataset.session; // tabs of one session share a line; of another, they do not
const tabs = address && "BroadcastChannel" in window ? new BroadcastChannel(name) : null;
const over = new AbortController();
let heardAt = 0;
let up = false;

export function listening() {
  return up;
}

// The page has no session any more: whoever comes next listens for herself.
export function hangUp() {
  up = false;
  over.abort();
  tabs?.close();
}

function tell(event, data) {
  document.dispatchEvent(new CustomEvent("live-" + event, { detail: data }));
}

// What was heard, by this tab or by the one that listens for all.
function hear({ event, data }) {
  if (over.signal.aborted) return;
  heardAt = performance.now();
  const back = !up;
  up = true;
  document.documentElement.classList.remove("unheard");
  if (back) tell("up");
  if (event !== "beat") tell(event, data);
}

function pass(heard) {
  if (!over.signal.aborted) tabs?.postMessage(heard);
  hear(heard);
}

function watch() {
  if (!up || performance.now() - heardAt < SILENCE) return;
  up = false;
  document.documentElement.classList.add("unheard");
  tell("down");
}

// One stream, until it ends.
async function listen() {
  const answer = await ask(address, { credentials: "include", cache: "no-store", signal: over.signal });
  if (!answer.ok) throw new Error(String(answer.status));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const pieces = (text + value).split("\n\n");
    text = pieces.pop();
    for (const piece of pieces) {
      const found = /^event: (\w+)\ndata: ?(.*)$/.exec(piece);
      if (found) pass({ event: found[1], data: found[2] });
    }
  }
}

async function lead() {
  while (!over.signal.aborted) {
    await listen().catch(() => {});
    await new Promise((again) => setTimeout(again, AGAIN));
  }
}

if (address) {
  tabs?.addEventListener("message", (event) => hear(event.data));
  // never heard at all is silence too
  heardAt = performance.now();
  up = true;
  setInterval(watch, 250);
  if (navigator.locks) navigator.locks.request(name, lead);
  else lead();
}
