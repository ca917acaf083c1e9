// Signing in with a key: challenge from the server, assertion by the authenticator (or, on a demo base, by the demo key
// service), proof to the server. The page learns nothing but yes, or a sentence.
import { goInstead } from "./possession.js";
import { acting, byDemoKey, byKey, signIn } from "./webauthn.js";

const door = document.getElementById("door");
const { say, once } = acting(document.getElementById("door-status"), door);

async function enter(assert) {
  say(door.dataset.waiting);
  await signIn(assert, door.dataset.challenge, door.dataset.proof, door);
  say(door.dataset.welcome);
  goInstead(door.dataset.next);
  return true;
}

door?.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  if (key) once(key, () => enter(byKey));
  const as = event.target.closest("[data-as]");
  if (as) once(as, () => enter((options, words) => byDemoKey(as.dataset.as, options, words)));
});
