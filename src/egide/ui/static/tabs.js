// One line between the tabs of this browser. "locked": the keeper knows; "owed": hidden, and the keeper is not told yet; "reopened";
// "somebody": a session has just replaced theirs; "nobody": a page of nobody's came. No page hears itself; where a browser has no such
// line each tab learns from the server alone.
const line = "BroadcastChannel" in window ? new BroadcastChannel("egide") : null;

export function tell(word) {
  line?.postMessage(word);
}

export function heard(word, act) {
  line?.addEventListener("message", (event) => event.data === word && act());
}
