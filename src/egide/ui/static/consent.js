// A yes to an act: its hash to the key, the proof back: mine, or, where the act takes it, a second person's on this screen. Where
// the act hands out a key, my half of its code shows once.
import { goInstead } from "./possession.js";
import { acting, byDemoKey, byKey, post } from "./webauthn.js";

const form = document.querySelector("form[data-consent]");
const { say, once } = acting(document.getElementById("consent-status"), form);

// `username`: whose demo key is asked; empty: a real key, whoever holds it.
async function sign(username) {
  say(form.dataset.waiting);
  const { options } = await post(form.dataset.challenge, {}, form);
  const response = username ? await byDemoKey(username, options, form) : await byKey(options, form);
  const answer = await post(form.dataset.proof, { response }, form);
  if (!answer.half) {
    goInstead(form.dataset.next);
    return true;
  }
  form.hidden = true;
  document.getElementById("half-code").textContent = answer.half;
  document.getElementById("half").hidden = false;
  say(answer.state === "ok" ? form.dataset.done : form.dataset.more);
  return false;
}

form?.addEventListener("submit", (event) => event.preventDefault());
form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-confirm]");
  if (button) once(button, () => sign(button.dataset.as));
});
form?.addEventListener("change", (event) => {
  const chosen = event.target.closest("[data-colleagues]");
  if (chosen?.value) once(chosen, () => sign(chosen.value));
});
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
