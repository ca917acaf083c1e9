// A yes to an act: its hash to the key, the proof back: mine, or, where the act takes it, a second person's on this screen. Where
// the act hands out a key, my half of its code shows once.
import { goInstead } from "./possession.js";
import { acting, asserted, onYes, post } from "./webauthn.js";

const form = document.querySelector("form[data-consent]");
const { say, once } = acting(document.getElementById("consent-status"), form);

async function sign(username) {
  say(form.dataset.waiting);
  const { options } = await post(form.dataset.challenge, {}, form);
  const response = await asserted(username, options, form);
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

if (form) onYes(form, once, sign);
