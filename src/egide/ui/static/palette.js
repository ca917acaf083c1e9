// Ctrl-K: what is typed is posted, the answers are the server's; both are emptied when the palette closes. The field keeps
// the focus: ↑ ↓ move along the answers, Enter opens the chosen one.
const dialog = document.getElementById("palette");
const field = document.getElementById("palette-q");
const rows = document.getElementById("palette-rows");

function options() {
  return [...rows.querySelectorAll("a[role=option]")];
}

function choose(one) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === one));
  if (one) {
    field.setAttribute("aria-activedescendant", one.id);
    one.scrollIntoView({ block: "nearest" });
  } else field.removeAttribute("aria-activedescendant");
}

function chosen() {
  return rows.querySelector("[aria-selected=true]");
}

function open() {
  if (!dialog.open) dialog.showModal();
  field.focus();
  field.form.dispatchEvent(new Event("palette-ask"));
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else if (!document.querySelector("dialog[open]")) open();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]")) {
      event.preventDefault();
      open();
    } else if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => {
    field.value = "";
    rows.replaceChildren();
  });
  rows.addEventListener("htmx:afterSwap", () => choose(options()[0]));
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    chosen()?.click();
  });
  field.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(chosen());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (all.length) choose(all[(at + step + all.length) % all.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      chosen()?.click();
    }
  });
}

// A print view prints itself on demand; the browser's own command works there too.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
