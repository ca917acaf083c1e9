// Signing in with a key: challenge from the server, assertion by the authenticator (or, on a demo base, by the demo key
// service), proof to the server. The page learns nothing but yes, or a sentence.
import { goInstead, newKey } from "./possession.js";
import { Said, byDemoKey, byKey, post } from "./webauthn.js";

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
    const challenge = await post(door.dataset.challenge, {}, door);
    const options = challenge.options.publicKey ?? challenge.options;
    const response = await assert(options, door);
    const workstation = await newKey();
    const shown = { challenge_id: challenge.challenge_id, response, device_key: workstation.named };
    const { now } = await post(door.dataset.proof, shown, door);
    await workstation.keep(now);
    say(door.dataset.welcome);
    new BroadcastChannel("egide").postMessage("somebody"); // pages left open by whoever was here before empty themselves
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
