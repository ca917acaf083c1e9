// A key posed in person: both halves of its code to the server, a new key from the browser, its proof back; then sign-in.
import { goInstead } from "./possession.js";
import { acting, makeDemoKey, makeKey, post, signIn } from "./webauthn.js";

const form = document.querySelector("form[data-enrol]");
const next = document.getElementById("enrol-next");
const { say, once } = acting(document.getElementById("enrol-status"), form);
let demo = ""; // whose demonstration key was just made

async function make(button) {
  const halves = { first: form.elements.first.value.trim(), second: form.elements.second.value.trim() };
  if (!halves.first || !halves.second) {
    say(form.dataset.two, "wrong");
    (halves.first ? form.elements.second : form.elements.first).focus();
    return;
  }
  say(form.dataset.waiting);
  const asked = await post(form.dataset.challenge, halves, form);
  const byService = "demo" in button.dataset;
  const response = byService ? await makeDemoKey(asked.username, asked.options, form) : await makeKey(asked.options, form);
  const made = await post(form.dataset.proof, { ...halves, challenge_id: asked.challenge_id, response }, form);
  demo = byService ? made.username : "";
  form.hidden = true;
  say(form.dataset.made.replace("{name}", made.name));
  next.hidden = false;
  next.querySelector("button").focus();
}

async function enter() {
  await signIn(demo, form.dataset.signInChallenge, form.dataset.signInProof, form);
  goInstead(form.dataset.next);
  return true;
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  once(form.querySelector("[data-make]"), make);
});
form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-make][data-demo]");
  if (button) once(button, make);
});
next?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-enter]");
  if (button) once(button, enter);
});
