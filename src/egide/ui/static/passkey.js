// Signing in with a key: challenge from the server, assertion by the authenticator (or, on a demo base, by the demo key
// service), proof to the server. The page learns nothing but yes, or a sentence. At a workstation of the site, who waits there,
// locked, is offered to take her session up with a touch.
import { goInstead } from "./possession.js";
import { acting, signIn, takeUp, waitingHere } from "./webauthn.js";

const door = document.getElementById("door");
const here = document.getElementById("here");
const { say, once } = acting(document.getElementById("door-status"), door);
const skew = Number(door?.dataset.now) - Date.now();
const waiting = new Map(); // the button of each, and what her key signs

async function enter(ceremony) {
  say(door.dataset.waiting);
  await ceremony();
  say(door.dataset.welcome);
  goInstead(door.dataset.next);
  return true;
}

function anew(username) {
  return () => signIn(username, door.dataset.challenge, door.dataset.proof, door);
}

// On a demonstration the service answers for whoever is named; a key, by itself.
function again(one) {
  return () => takeUp(one, door.dataset.takeUp, skew, door);
}

async function lookHere() {
  const found = await waitingHere(door.dataset.here, skew, door);
  const list = document.getElementById("here-list");
  const drawn = document.getElementById("here-one").content;
  for (const one of found.waiting) {
    const line = drawn.cloneNode(true);
    line.querySelector("[data-name]").textContent = one.name;
    line.querySelector("span").textContent = one.profession;
    waiting.set(line.querySelector("button"), one);
    list.append(line);
  }
  here.hidden = !found.waiting.length;
  // who has just left waits since the shortest time, hence last: somebody else is at the keys
  const first = [...waiting.keys()][0];
  if (first && (waiting.size > 1 || !("changes" in door.dataset))) first.focus();
}

door?.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.matches("[data-key]")) once(button, () => enter(anew("")));
  else if (button?.dataset.as) once(button, () => enter(anew(button.dataset.as)));
  else if (waiting.has(button)) once(button, () => enter(again(waiting.get(button))));
});

if (door) lookHere().catch(() => {}); // nobody is offered: the key above signs in
