// Signing in with a key: challenge from the server, assertion by the authenticator (or, on a demo base, by the demo key
// service), proof to the server. The page learns nothing but yes, or a sentence.
import { cookie } from "./egide.js";

const door = document.getElementById("door");
const said = document.getElementById("door-status");

function say(text, state = "") {
  said.textContent = text;
  said.dataset.state = state;
}

class Said extends Error {}

async function post(url, body) {
  let answer;
  try {
    answer = await fetch(url, {
      method: "POST",
      cache: "no-store",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": cookie("csrftoken") },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Said(door.dataset.unreachable);
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Said(found.message || door.dataset.failed);
  return found;
}

function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}

function text(buffer) {
  if (!buffer) return null;
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
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
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: text(response.userHandle),
    },
  };
}

async function byKey(options) {
  if (!window.PublicKeyCredential) throw new Said(door.dataset.unsupported);
  try {
    return encoded(await navigator.credentials.get({ publicKey: decoded(options) }));
  } catch (fault) {
    throw new Said(fault.name === "NotAllowedError" ? door.dataset.cancelled : door.dataset.failed);
  }
}

async function byDemoKey(username, options) {
  let answer;
  try {
    answer = await fetch(door.dataset.demoKeys + "/assertion", {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ username, options }),
    });
  } catch {
    throw new Said(door.dataset.demoUnreachable);
  }
  if (!answer.ok) throw new Said(door.dataset.demoUnreachable);
  return answer.json();
}

let busy = false;

async function enter(assert, button) {
  if (busy) return;
  busy = true;
  button.setAttribute("aria-busy", "true");
  say(door.dataset.waiting);
  try {
    const challenge = await post(door.dataset.challenge, {});
    const options = challenge.options.publicKey ?? challenge.options;
    const response = await assert(options);
    await post(door.dataset.proof, { challenge_id: challenge.challenge_id, response });
    say(door.dataset.welcome);
    location.replace(door.dataset.next);
  } catch (fault) {
    say(fault instanceof Said ? fault.message : door.dataset.failed, "wrong");
    busy = false;
    button.removeAttribute("aria-busy");
  }
}

door?.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  if (key) enter(byKey, key);
  const as = event.target.closest("[data-as]");
  if (as) enter((options) => byDemoKey(as.dataset.as, options), as);
});
