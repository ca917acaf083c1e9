// Loaded before anything is drawn: a form sent before the scripts that sign it are there waits for them. Without the
// workstation's proof it would be refused, and what was typed would have to be typed again.
(() => {
  const early = new Map();
  const hold = (event) => {
    if (event.target.method === "dialog") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    early.set(event.target, event.submitter);
  };
  document.addEventListener("submit", hold, true);
  // Modules have run before this event; a turn later, so has what listens to it.
  document.addEventListener("DOMContentLoaded", () =>
    setTimeout(() => {
      document.removeEventListener("submit", hold, true);
      for (const [form, button] of early) form.requestSubmit(button);
    }),
  );
})();
