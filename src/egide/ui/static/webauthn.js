// Asking a key for an assertion: by the browser, or, on a demo base, by the demo key service; and posting JSON with a sentence
// for every failure. Sign-in and approvals share it. `words`: an element whose data-* hold the sentences.
import { cookie } from "./egide.js";
import { ask, base64url, machineProof, newKey } from "./possession.js";
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

export async function byKey(options, words) {
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

export async function byDemoKey(username, options, words) {
  return byService("/assertion", username, options, words);
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

// The whole of a sign-in: challenge, assertion, and the key of this workstation that the session is bound to.
export async function signIn(assert, challengeAt, proofAt, words) {
  const challenge = await post(challengeAt, {}, words);
  const skew = challenge.now - Date.now();
  const response = await assert(challenge.options, words);
  const workstation = await newKey();
  const machine = await machineProof(proofAt, Date.now() + skew);
  const shown = { challenge_id: challenge.challenge_id, response, device_key: workstation.named, machine };
  const { now } = await post(proofAt, shown, words);
  await workstation.keep(now);
  tell("somebody"); // pages left open by whoever was here before empty themselves
}

// Who waits at this workstation, locked; nobody in a browser that is none.
export async function waitingHere(at, skew, words) {
  const machine = await machineProof(at, Date.now() + skew);
  return machine ? post(at, { machine }, words) : { station: "", waiting: [] };
}

// One of them takes her session up again.
export async function takeUp(assert, one, at, skew, words) {
  const response = await assert(one.options, words);
  const workstation = await newKey();
  const { session, challenge_id } = one;
  const machine = await machineProof(at, Date.now() + skew);
  const told = await post(at, { machine, session, challenge_id, response, device_key: workstation.named }, words);
  await workstation.keep(told.now);
  tell("somebody");
}
