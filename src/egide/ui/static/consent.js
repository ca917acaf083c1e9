// A yes to an act: its hash to the key, the proof back. Where the act hands out a key, my half of its code shows once.
import { goInstead } from "./possession.js";
import { Said, byDemoKey, byKey, post } from "./webauthn.js";

const form = document.querySelector("form[data-consent]");
const said = document.getElementById("consent-status");
let busy = false;

function say(text, state = "") {
  said.textContent = text;
  said.dataset.state = state;
}

async function sign(button) {
  if (busy) return;
  busy = true;
  button.setAttribute("aria-busy", "true");
  say(form.dataset.waiting);
  try {
    const { options } = await post(form.dataset.challenge, {}, form);
    const plain = options.publicKey ?? options;
    const response = button.dataset.as ? await byDemoKey(button.dataset.as, plain, form) : await byKey(plain, form);
    const answer = await post(form.dataset.proof, { response }, form);
    if (answer.half) {
      form.hidden = true;
      document.getElementById("half-code").textContent = answer.half;
      document.getElementById("half").hidden = false;
      say(answer.state === "ok" ? form.dataset.done : form.dataset.more);
    } else {
      goInstead(form.dataset.next);
    }
  } catch (fault) {
    say(fault instanceof Said ? fault.message : form.dataset.failed, "wrong");
  }
  busy = false;
  button.removeAttribute("aria-busy");
}

form?.addEventListener("submit", (event) => event.preventDefault());
form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-confirm]");
  if (button) sign(button);
});
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
