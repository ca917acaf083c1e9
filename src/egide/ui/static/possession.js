// This workstation's key: made at sign-in, kept by the browser so that no script can read it out, named by the session. Every
// request is signed with it, once: method, address, time. What is copied from here (cookies, headers) opens nothing elsewhere.
import { used } from "./hand.js";

const STORE = "keys";
const NAME = "workstation";
const MACHINE = "machine";
const OWED = "owed";
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const SIGNING = { name: "ECDSA", hash: "SHA-256" };
export const HEADER = "Egide-Proof";
const CLOCK = "Egide-Clock";
const SECONDS = 10; // of a proof that waits in a cookie for the page one goes to

// ── where the key is kept ─────────────────────────────────────────────────────────────────────────────────────────────

function opened() {
  return new Promise((give, fail) => {
    const asked = indexedDB.open("egide", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => give(asked.result);
    asked.onerror = () => fail(asked.error);
  });
}

async function within(mode, act) {
  const base = await opened();
  try {
    return await new Promise((give, fail) => {
      const asked = act(base.transaction(STORE, mode).objectStore(STORE));
      asked.onsuccess = () => give(asked.result);
      asked.onerror = () => fail(asked.error);
    });
  } finally {
    base.close();
  }
}

let known = null;

async function kept() {
  known ??= within("readonly", (store) => store.get(NAME)).catch(() => undefined);
  return known;
}

// A key that no script reads out, and its public half as it is named.
async function pair() {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ALGORITHM, false, ["sign"]);
  return { key: privateKey, named: base64url(await crypto.subtle.exportKey("raw", publicKey)) };
}

// A key for the session that is about to begin; `keep` it once the server has bound the session to it.
export async function newKey() {
  const { key, named } = await pair();
  return {
    named,
    keep: async (now) => {
      const value = { key, skew: now - Date.now() };
      await within("readwrite", (store) => store.put(value, NAME));
      known = Promise.resolve(value);
      await owing(false);
    },
  };
}

// ── the machine's own key: of a workstation of the site, it outlives sessions and sign-outs ────────────────────────────

async function machine() {
  return within("readonly", (store) => store.get(MACHINE)).catch(() => undefined);
}

// Its public half, made if there is none: what a site enrols.
export async function machineKey() {
  const found = await machine();
  if (found) return found.named;
  await navigator.storage?.persist?.().catch(() => {});
  const enrolled = await pair();
  await within("readwrite", (store) => store.put(enrolled, MACHINE));
  return enrolled.named;
}

// What a request to this address says of the machine; null where no site ever enrolled it. `now`: the server's clock.
export async function machineProof(url, now = Date.now(), method = "POST") {
  const found = await machine();
  return found ? { key: found.named, proof: await made(found.key, method, url, now, "l") } : null;
}

const came = Date.now();

// A key for a way in that no script posts (a form, a way that leads elsewhere and back): its public half goes along in a cookie;
// and so does what the machine says of itself. `told`: the server's clock when this page came.
export async function station(method, url, told) {
  const fresh = await newKey();
  const now = Date.now() + Number(told) - came;
  await fresh.keep(now);
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `egide_cle_poste=${fresh.named}; path=/connexion/; max-age=600; samesite=lax${secure}`;
  const here = await machineProof(url, now, method);
  const left = here ? `${here.key}.${here.proof}; max-age=${SECONDS}` : "; max-age=0";
  document.cookie = `egide_machine=${left}; path=/connexion/; samesite=strict${secure}`;
}

// ── a screen was locked and the keeper has not answered: noted here, so that a page that comes (F5, a new tab) tells it first ───────

export function owing(on) {
  return within("readwrite", (store) => (on ? store.put(true, OWED) : store.delete(OWED))).catch(() => {});
}

export function owes() {
  return within("readonly", (store) => store.get(OWED)).catch(() => false);
}

// ── the clock ─────────────────────────────────────────────────────────────────────────────────────────────────────────

// The server told its time (milliseconds since 1970): this browser's clock is off, or was put right.
export async function setClock(now) {
  const value = await kept();
  if (!now || !value) return;
  value.skew = now - Date.now();
  await within("readwrite", (store) => store.put(value, NAME)).catch(() => {});
}

// ── proofs ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function base64url(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function pathOf(url) {
  const path = new URL(url, location.href).pathname;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

// One proof for one request; null where this browser has no key (nobody signed in here).
// `how`: l, our own page asks under somebody's hand; t, by itself; b and c, a page that had no proof asks again.
export async function proof(method, url, how = used() ? "l" : "t") {
  const value = await kept();
  return value ? made(value.key, method, url, Date.now() + value.skew, how) : null;
}

async function made(key, method, url, at, how) {
  const nonce = base64url(crypto.getRandomValues(new Uint8Array(12)));
  const said = ["egide-proof/1", method.toUpperCase(), pathOf(url), at, nonce, how].join("\n");
  const signature = await crypto.subtle.sign(SIGNING, key, new TextEncoder().encode(said));
  return [at, nonce, how, base64url(signature)].join(".");
}

// A request of our own scripts, signed.
export async function ask(url, options = {}) {
  const signed = await proof(options.method ?? "GET", url);
  const headers = { ...options.headers, ...(signed && { [HEADER]: signed }) };
  const answer = await fetch(url, { ...options, headers });
  if (answer.status === 428) await setClock(Number(answer.headers.get(CLOCK)));
  return answer;
}

// ── going to a page: no header can be given, so the proof waits in a cookie for that address alone ─────────────────────

export async function carry(method, url, how = undefined) {
  const signed = await proof(method, url, how);
  if (!signed) return false;
  const path = new URL(url, location.href).pathname;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `egide_proof=${signed}; path=${path}; max-age=${SECONDS}; samesite=strict${secure}`;
  return true;
}

export async function go(url) {
  await carry("GET", url);
  location.assign(url);
}

export async function goInstead(url) {
  await carry("GET", url);
  location.replace(url);
}

export async function reload() {
  await carry("GET", location.href);
  location.reload();
}

// ── what a request of ours shows besides ──────────────────────────────────────────────────────────────────────────────

export function cookie(name) {
  const found = document.cookie.split("; ").find((one) => one.startsWith(name + "="));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}
