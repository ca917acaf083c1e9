// When a hand last used this browser: a key, a click, a touch, the wheel, in whichever tab. What a script does by itself is no hand.
const TOLD = 1000; // how often the other tabs are told
const RECENT = 30000; // a request says that somebody is here if a hand was seen since: a page that one types in asks every twenty seconds

const tabs = "BroadcastChannel" in window ? new BroadcastChannel("egide-hand") : null;
let seen = 0;
let told = 0;
let since = Date.now(); // a page that has just come waits as long as one that was touched

function saw(at) {
  seen = Math.max(seen, at);
  since = Math.max(since, at);
}

for (const kind of ["keydown", "pointerdown", "touchstart", "wheel"]) {
  window.addEventListener(
    kind,
    (event) => {
      if (!event.isTrusted) return;
      const now = Date.now();
      saw(now);
      if (now - told < TOLD) return;
      told = now;
      tabs?.postMessage(now);
    },
    { capture: true, passive: true },
  );
}
tabs?.addEventListener("message", (event) => saw(Math.min(Number(event.data) || 0, Date.now())));

// Milliseconds without a hand.
export function idle() {
  return Date.now() - since;
}

// Whether somebody is using this browser now.
export function used() {
  return Date.now() - seen < RECENT;
}
