// A yes to an act: its hash to the key, the proof back. Where the act hands out a key, my half of its code shows once.
import { goInstead } from "./possession.js";
import { acting, byDemoKey, byKey, post } from "./webauthn.js";

const form = document.querySelector("form[data-consent]");
const { say, once } = acting(document.getElementById("consent-status"), form);

async function sign(button) {
  say(form.dataset.waiting);
  const { options } = await post(form.dataset.challenge, {}, form);
  const response = button.dataset.as ? await byDemoKey(button.dataset.as, options, form) : await byKey(options, form);
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
  if (button) once(button, sign);
});
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
