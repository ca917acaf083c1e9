// What every page that asks for a key shares: a key's answer (the browser's, or, on a demo base, the demo key service's), a new key, JSON
// posted with a sentence for every failure, one act of a page at a time, and the ways a session comes to this browser.
// `words`: an element whose data-* hold the sentences.
import { ask, base64url, cookie, machineProof, newKey } from "./possession.js";
import { tell } from "./tabs.js";

export class Said extends Error {}

export async function post(url, body, words) {
  let answer;
  try {
    answer = await ask(url, {
      method: "POST",
      cache: "no-store",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": cookie("csrftoken") },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Said(words.dataset.unreachable);
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Said(found.message || words.dataset.failed), { status: answer.status });
  return found;
}

let busy = false; // with one act of this page

// How a form's acts are told: `say` writes on its line; `once` begins no second act while one runs, and says what fails. An act
// that answers true leaves the page: nothing begins after it.
export function acting(line, words) {
  function say(text, state = "") {
    line.textContent = text;
    line.dataset.state = state;
  }

  async function once(button, act) {
    if (busy) return;
    busy = true;
    button.setAttribute("aria-busy", "true");
    try {
      if (await act(button)) return;
    } catch (fault) {
      say(fault instanceof Said ? fault.message : words.dataset.failed, "wrong");
    }
    busy = false;
    button.removeAttribute("aria-busy");
  }

  return { say, once };
}

// A form that a key says yes to: `act` is told whose demo key was chosen, by its button or in the list of colleagues; nothing for a real one.
export function onYes(form, once, act) {
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-confirm]");
    if (button) once(button, () => act(button.dataset.as));
  });
  form.addEventListener("change", (event) => {
    const chosen = event.target.closest("[data-colleagues]");
    if (chosen?.value) once(chosen, () => act(chosen.value));
  });
}

function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}

// What the server sends may name its options after the credential's type.
function bare(options) {
  return options.publicKey ?? options;
}

function decoded(options) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: (options.allowCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) })),
  };
}

function encoded(credential) {
  if (credential.toJSON) return credential.toJSON();
  const response = credential.response;
  return {
    id: credential.id,
    rawId: base64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: base64url(response.clientDataJSON),
      authenticatorData: base64url(response.authenticatorData),
      signature: base64url(response.signature),
      userHandle: response.userHandle ? base64url(response.userHandle) : null,
    },
  };
}

async function byKey(options, words) {
  if (!window.PublicKeyCredential) throw new Said(words.dataset.unsupported);
  try {
    return encoded(await navigator.credentials.get({ publicKey: decoded(bare(options)) }));
  } catch (fault) {
    throw new Said(fault.name === "NotAllowedError" ? words.dataset.cancelled : words.dataset.failed);
  }
}

async function byService(path, username, options, words) {
  let answer;
  try {
    answer = await fetch(words.dataset.demoKeys + path, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ username, options: bare(options) }),
    });
  } catch {
    throw new Said(words.dataset.demoUnreachable);
  }
  if (!answer.ok) throw new Said(words.dataset.demoUnreachable);
  return answer.json();
}

// `username`: whose demo key is asked; empty: a real key, whoever holds it.
export function asserted(username, options, words) {
  return username ? byService("/assertion", username, options, words) : byKey(options, words);
}

function creation(options) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) })),
  };
}

// A new key of the browser's; a key that is this account's already says so.
export async function makeKey(options, words) {
  if (!window.PublicKeyCredential) throw new Said(words.dataset.unsupported);
  try {
    const made = await navigator.credentials.create({ publicKey: creation(bare(options)) });
    if (made.toJSON) return made.toJSON();
    const response = made.response;
    return {
      id: made.id,
      rawId: base64url(made.rawId),
      type: made.type,
      clientExtensionResults: made.getClientExtensionResults(),
      response: { clientDataJSON: base64url(response.clientDataJSON), attestationObject: base64url(response.attestationObject) },
    };
  } catch (fault) {
    if (fault.name === "InvalidStateError") throw new Said(words.dataset.known);
    throw new Said(fault.name === "NotAllowedError" ? words.dataset.cancelled : words.dataset.failed);
  }
}

export async function makeDemoKey(username, options, words) {
  return byService("/registration", username, options, words);
}

// A key's answer that brings a session to this browser: bound to the key it has just made for it, kept once the server took it.
async function bound(at, skew, shown, words) {
  const workstation = await newKey();
  const machine = await machineProof(at, Date.now() + skew);
  const { now } = await post(at, { ...shown, machine, device_key: workstation.named }, words);
  await workstation.keep(now);
  tell("somebody"); // pages left open by whoever was here before empty themselves
}

// The whole of a sign-in: challenge, assertion, and the key of this workstation that the session is bound to.
export async function signIn(username, challengeAt, proofAt, words) {
  const { options, challenge_id, now } = await post(challengeAt, {}, words);
  const skew = now - Date.now();
  const response = await asserted(username, options, words);
  await bound(proofAt, skew, { challenge_id, response }, words);
}

// Who waits at this workstation, locked; nobody in a browser that is none.
export async function waitingHere(at, skew, words) {
  const machine = await machineProof(at, Date.now() + skew);
  return machine ? post(at, { machine }, words) : { station: "", waiting: [] };
}

// One of them takes her session up again.
export async function takeUp({ session, challenge_id, options, username }, at, skew, words) {
  const response = await asserted(username, options, words);
  await bound(at, skew, { session, challenge_id, response }, words);
}
