// Signing in with a key: challenge from the server, assertion by the authenticator (or, on a demo base, by the demo key
// service), proof to the server. The page learns nothing but yes, or a sentence.
import { goInstead } from "./possession.js";
import { Said, byDemoKey, byKey, signIn } from "./webauthn.js";

const door = document.getElementById("door");
const said = document.getElementById("door-status");

function say(text, state = "") {
  said.textContent = text;
  said.dataset.state = state;
}

let busy = false;

async function enter(assert, button) {
  if (busy) return;
  busy = true;
  button.setAttribute("aria-busy", "true");
  say(door.dataset.waiting);
  try {
    await signIn(assert, door.dataset.challenge, door.dataset.proof, door);
    say(door.dataset.welcome);
    goInstead(door.dataset.next);
  } catch (fault) {
    say(fault instanceof Said ? fault.message : door.dataset.failed, "wrong");
    busy = false;
    button.removeAttribute("aria-busy");
  }
}

door?.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  if (key) enter(byKey, key);
  const as = event.target.closest("[data-as]");
  if (as) enter((options, words) => byDemoKey(as.dataset.as, options, words), as);
});
