// Opening a rescue session for somebody: the exact act to the server, its hash to a key, then to a colleague's. What comes back is
// shown once and lives in this page only.
import { Said, byDemoKey, byKey, post } from "./webauthn.js";

const form = document.querySelector("form[data-rescue]");
const said = document.getElementById("rescue-status");
const shown = document.getElementById("rescue-shown");

function say(text, state = "") {
  said.textContent = text;
  said.dataset.state = state;
}

let busy = false;
let waiting = null; // the act that waits for a colleague

function show(answer) {
  form.hidden = true;
  shown.querySelector("img").src = answer.qr;
  shown.querySelector("code").textContent = answer.secret;
  shown.hidden = false;
  shown.querySelector("h3").focus();
}

async function confirm(button, username) {
  if (busy) return;
  const asked = { username: form.elements.username.value.trim(), reason: form.elements.reason.value };
  if (!asked.username || !asked.reason) {
    say(form.dataset.missing, "wrong");
    form.elements[asked.username ? "reason" : "username"].focus();
    return;
  }
  busy = true;
  button.setAttribute("aria-busy", "true");
  say(form.dataset.waiting);
  try {
    const begun = waiting ?? (await post(form.dataset.challenge, asked, form));
    const options = begun.options.publicKey ?? begun.options;
    const response = await (username ? byDemoKey(username, options, form) : byKey(options, form));
    const answer = await post(form.dataset.proof, { act: begun.act, response }, form);
    if (answer.state === "colleague_needed") {
      waiting = answer;
      form.querySelector("[data-second]").hidden = false;
      form.querySelector("[data-own]").hidden = true;
      form.elements.username.readOnly = true;
      form.elements.reason.disabled = true;
      say(form.dataset.colleague);
    } else {
      say("");
      show(answer);
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
  if (button) confirm(button, button.dataset.as);
});
form?.addEventListener("change", (event) => {
  if (event.target.matches("[data-colleagues]") && event.target.value) confirm(event.target, event.target.value);
});
