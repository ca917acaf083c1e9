// Opening a rescue session for somebody: the exact act to the server, its hash to a key, then to a colleague's. What comes back is
// shown once and lives in this page only.
import { acting, asserted, onYes, post } from "./webauthn.js";

const form = document.querySelector("form[data-rescue]");
const shown = document.getElementById("rescue-shown");
const { say, once } = acting(document.getElementById("rescue-status"), form);
let waiting = null; // the act that waits for a colleague

function show(answer) {
  form.hidden = true;
  shown.querySelector("img").src = answer.qr;
  shown.querySelector("code").textContent = answer.secret;
  shown.hidden = false;
  shown.querySelector("h3").focus();
}

async function confirm(username) {
  const asked = { username: form.elements.username.value.trim(), reason: form.elements.reason.value };
  if (!asked.username || !asked.reason) {
    say(form.dataset.missing, "wrong");
    form.elements[asked.username ? "reason" : "username"].focus();
    return;
  }
  say(form.dataset.waiting);
  const begun = waiting ?? (await post(form.dataset.challenge, asked, form));
  const response = await asserted(username, begun.options, form);
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
}

if (form) onYes(form, once, confirm);
