// A page came without a proof (an address that was typed, a bookmark, "back", a new tab): sign, and ask for it again. A browser
// without this session's key is sent to the door: whoever is there shows her key anew.
import { carry, setClock } from "./possession.js";

const { how, now, door } = document.getElementById("prove").dataset;

async function again() {
  if (how !== "b") await setClock(Number(now)); // signed once and refused: this browser's clock is put right first
  if (await carry("GET", location.href, how)) location.reload();
  else location.replace(`${door}?poste&suite=${encodeURIComponent(location.pathname + location.search)}`);
}

again();
