// The keyboard: ↑ ↓ along a list, Enter opens (the link has the focus), c constantes, p patients, / filter, ? keys,
// Escape back.
const rowLink = "[data-row]:not([hidden]) [data-row-link]";

function rows() {
  return [...document.querySelectorAll(rowLink)];
}

function typing(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

function go(step) {
  const all = rows();
  if (!all.length) return false;
  const row = document.activeElement?.closest("[data-row]");
  const at = row ? all.indexOf(row.querySelector("[data-row-link]")) : -1;
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step));
  all[next].focus();
  all[next].scrollIntoView({ block: "nearest" });
  return true;
}

// `c` constantes, `n` note, `t` transmission: the tab of the chart, or the button of the row.
function act(name) {
  const tab = document.querySelector(`#act [data-act=${name}]`);
  const field = document.querySelector("#act [data-first], .main > .vitals [data-first]");
  if (field && (!tab || tab.getAttribute("aria-current"))) {
    if (!tab && name !== "vitals") return false;
    field.focus();
    field.scrollIntoView({ block: "center" });
    return true;
  }
  const row = document.activeElement?.closest("[data-row]") ?? rows()[0]?.closest("[data-row]");
  const found = tab ?? row?.querySelector(`[data-act=${name}]`);
  found?.click();
  return Boolean(found);
}

const ACTS = { c: "vitals", n: "note", t: "transmission" };

// The entry under a row: filled by htmx, closed by Escape or once saved; the focus goes back to the row.
function closeEntry(entry) {
  entry.hidden = true;
  entry.firstElementChild.replaceChildren();
  entry.previousElementSibling?.querySelector("[data-row-link]")?.focus();
}

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") {
    const entry = target.closest("[data-entry]");
    const menu = target.closest("details.menu[open]");
    if (entry) closeEntry(entry);
    else if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (target.matches("[data-filter]")) {
      target.value = "";
      target.dispatchEvent(new Event("input"));
      rows()[0]?.focus();
    }
    return;
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && target.form) {
    event.preventDefault();
    target.form.requestSubmit();
    return;
  }
  const cell = target.closest("[data-grid] td");
  if (cell && target.matches("input") && ["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) {
    // down or up the same column: a round goes from bed to bed
    event.preventDefault();
    const row = event.key === "ArrowUp" ? cell.parentElement.previousElementSibling : cell.parentElement.nextElementSibling;
    const next = row?.cells[cell.cellIndex]?.querySelector("input");
    next?.focus();
    next?.select();
    return;
  }
  if (target.matches("[data-filter]") && (event.key === "ArrowDown" || event.key === "Enter")) {
    event.preventDefault();
    rows()[0]?.focus();
    return;
  }
  if (target.matches("[data-row] input[type=checkbox]") && ["ArrowDown", "ArrowUp", "/"].includes(event.key)) {
    event.preventDefault();
    if (event.key === "/") document.querySelector("[data-filter]").focus();
    else go(event.key === "ArrowDown" ? 1 : -1);
    return;
  }
  if (event.key === "ArrowDown" && target.closest("form.seek")) {
    event.preventDefault();
    if (!go(1)) document.querySelector(".seek-near button")?.focus();
    return;
  }
  if (event.altKey && event.key === "g") {
    // also while typing: a search that found nobody leaves the name ready to be corrected
    const wider = document.querySelector("button[data-key=g]");
    wider?.click();
    if (wider) event.preventDefault();
    return;
  }
  if (typing(target) || event.ctrlKey || event.metaKey || event.altKey) return;
  let done = false;
  if (event.key === "ArrowDown") done = go(1);
  else if (event.key === "ArrowUp") done = go(-1);
  else if (event.key === "g") {
    const grid = document.querySelector("[data-key=g]");
    grid?.click();
    done = Boolean(grid);
  } else if (event.key in ACTS) done = act(ACTS[event.key]);
  else if (event.key === "p") {
    const search = document.querySelector(".rail-link[data-key=p]");
    search?.click();
    done = Boolean(search);
  }
  else if (event.key === "/") {
    const filter = document.querySelector("[data-filter], [data-seek-first]");
    filter?.focus();
    done = Boolean(filter);
  } else if (event.key === "?") {
    const dialog = document.getElementById("keys");
    dialog?.showModal();
    done = Boolean(dialog);
  }
  if (done) event.preventDefault();
});

// The filter hides rows here, in the page: what is typed goes nowhere.
function plain(text) {
  return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[-'’]/g, " ").toLowerCase();
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-filter]")) return;
  const words = plain(event.target.value).split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of document.querySelectorAll("[data-row]")) {
    const text = plain(row.dataset.row);
    row.hidden = !words.every((word) => text.includes(word));
    if (!row.hidden) shown += 1;
    const entry = row.nextElementSibling;
    if (row.hidden && entry?.matches("[data-entry]")) entry.hidden = true;
  }
  const none = document.getElementById("filter-none");
  if (none) none.hidden = shown > 0;
  const said = document.getElementById("filter-count");
  if (said) said.textContent = words.length ? `${shown} / ${said.dataset.all}` : said.dataset.all;
});

// The chart's entry: one form at a time, its tab marked, its first field ready.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "act-form") return;
  const source = event.detail.requestConfig?.elt;
  for (const tab of document.querySelectorAll("#act [data-act]")) {
    if (tab === source) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  event.target.querySelector("[data-first]")?.focus();
});

// An entry appears when htmx has filled it; one at a time. What came is taken up in the same turn (the frame sets no delay), so that no
// key falls between the focus and the form's own sending.
document.addEventListener("htmx:afterSwap", (event) => {
  const entry = event.target.closest?.("[data-entry]");
  if (!entry || event.target.matches("[data-draft]")) return;
  for (const other of document.querySelectorAll("[data-entry]:not([hidden])")) {
    if (other !== entry) {
      other.hidden = true;
      other.firstElementChild.replaceChildren();
    }
  }
  if (entry.querySelector("[data-saved]")) {
    closeEntry(entry);
    return;
  }
  entry.hidden = false;
  const wrong = entry.querySelector("[aria-invalid=true]");
  (wrong ?? entry.querySelector("[data-first]"))?.focus();
});

document.addEventListener("click", (event) => {
  const shut = event.target.closest("[data-shut]");
  const entry = shut?.closest("[data-entry]");
  if (entry) {
    event.preventDefault();
    closeEntry(entry);
  }
});

// What was refused begins in its first wrong field, a grid in its first cell, a list on its first row: the first key counts.
const wrong = document.querySelector("[aria-invalid=true]");
const start = wrong ?? document.querySelector("[data-grid] td > input:not([type=hidden])");
if (document.activeElement === document.body || document.activeElement.matches("[autofocus]")) {
  if (start) start.focus();
  else if (!document.querySelector("[autofocus]")) document.querySelector("[data-list] " + rowLink)?.focus({ preventScroll: true });
}
