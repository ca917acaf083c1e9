// A dangerous act confirmed with a fresh factor: the exact act goes to the server, its hash to the key, the proof back. Where a
// colleague's key is needed too, the same act is asked of it, on the same screen. A page may hold several such forms.
import { goInstead } from "./possession.js";
import { acting, asserted, onYes, post } from "./webauthn.js";

function prepare(form) {
  const { say, once } = acting(form.querySelector(".door-status"), form);
  let waiting = null; // the act that waits for a colleague

  // What the act is about, beside its reason: fields that the form marks as sent.
  function sent() {
    return Object.fromEntries([...form.querySelectorAll("[data-sent]")].map((one) => [one.name, one.value]));
  }

  async function confirm(username) {
    const reason = form.elements.reason.value;
    const words = form.elements.words.value.trim();
    if (!reason || !form.reportValidity()) {
      if (!reason) say(form.dataset.noReason, "wrong");
      if (!reason) form.elements.reason.focus();
      return false;
    }
    say(form.dataset.waiting);
    const begun = waiting ?? (await post(form.dataset.challenge, { reason, words, ...sent() }, form));
    const response = await asserted(username, begun.options, form);
    const answer = await post(form.dataset.proof, { act: begun.act, response, words }, form);
    if (answer.state !== "colleague_needed") {
      say(form.dataset.done);
      goInstead(form.dataset.next);
      return true;
    }
    waiting = answer;
    form.querySelector("[data-colleague]").hidden = false;
    form.querySelector("[data-own]").hidden = true;
    say(form.dataset.colleague);
    return false;
  }

  onYes(form, once, confirm);
}

document.querySelectorAll("form[data-approve]").forEach(prepare);
