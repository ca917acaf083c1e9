// Loaded before anything is drawn: what a quick hand does before the page's scripts are there waits for them. A form sent
// without the workstation's proof would be refused, and what was typed would have to be typed again; a key, or a click on what the
// scripts alone act on, would be lost.
(() => {
  const forms = new Map();
  const keys = [];
  const clicked = new Set();
  const take = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const holdForm = (event) => {
    if (event.target.method === "dialog") return;
    take(event);
    forms.set(event.target, event.submitter);
  };
  // Letters alone, Alt and a letter, Ctrl-K: what is typed in a field and the browser's own keys go their way.
  const holdKey = (event) => {
    const ours = event.ctrlKey || event.metaKey ? event.key.toLowerCase() === "k" : event.key.length === 1;
    const typed = !event.ctrlKey && !event.metaKey && !event.altKey && event.target.closest?.("input, textarea, select");
    if (!ours || typed) return;
    take(event);
    keys.push(event);
  };
  // A link too: one that a script fills a part of the page by would leave the page, and any other would ask for its proof on the way.
  const holdClick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const one = event.target.closest?.("button[type=button], a[href]:not([target], [download], [href^='#'])");
    if (!one) return;
    take(event);
    clicked.add(one);
  };
  document.addEventListener("submit", holdForm, true);
  document.addEventListener("keydown", holdKey, true);
  document.addEventListener("click", holdClick, true);
  // Modules have run before this event; a turn later, so has what listens to it.
  document.addEventListener("DOMContentLoaded", () =>
    setTimeout(() => {
      document.removeEventListener("submit", holdForm, true);
      document.removeEventListener("keydown", holdKey, true);
      document.removeEventListener("click", holdClick, true);
      for (const [form, button] of forms) form.requestSubmit(button?.isConnected ? button : null);
      for (const one of clicked) one.click();
      for (const one of keys) {
        const { key, code, ctrlKey, metaKey, altKey, shiftKey } = one;
        const again = { key, code, ctrlKey, metaKey, altKey, shiftKey, bubbles: true, cancelable: true };
        (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", again));
      }
    }),
  );
})();
