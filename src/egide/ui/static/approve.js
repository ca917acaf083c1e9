// A dangerous act confirmed with a fresh factor: the exact act goes to the server, its hash to the key, the proof back. Where a
// colleague's key is needed too, the same act is asked of it, on the same screen.
import { Said, byDemoKey, byKey, post } from "./webauthn.js";

const form = document.querySelector("form[data-approve]");
const said = document.getElementById("approve-status");

function say(text, state = "") {
  said.textContent = text;
  said.dataset.state = state;
}

let busy = false;

// A demo key is asked of the demo key service; a real one of the browser.
function asked(username, options) {
  const plain = options.publicKey ?? options;
  return username ? byDemoKey(username, plain, form) : byKey(plain, form);
}

let waiting = null; // the act that waits for a colleague

async function confirm(button) {
  if (busy) return;
  const reason = form.elements.reason.value;
  const words = form.elements.words.value.trim();
  if (!reason) {
    say(form.dataset.noReason, "wrong");
    form.elements.reason.focus();
    return;
  }
  busy = true;
  button.setAttribute("aria-busy", "true");
  say(form.dataset.waiting);
  try {
    const begun = waiting ?? (await post(form.dataset.challenge, { reason, words }, form));
    const response = await asked(button.dataset.as, begun.options);
    const answer = await post(form.dataset.proof, { act: begun.act, response, words }, form);
    if (answer.state === "colleague_needed") {
      waiting = answer;
      form.querySelector("[data-colleague]").hidden = false;
      form.querySelector("[data-own]").hidden = true;
      say(form.dataset.colleague);
    } else {
      say(form.dataset.done);
      location.replace(form.dataset.next);
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
  if (button) confirm(button);
});
