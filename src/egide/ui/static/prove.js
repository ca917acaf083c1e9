// A page came without a proof (an address that was typed, a bookmark, "back", a new tab): sign, and ask for it again. A browser
// without this session's key is sent to the door: whoever is there shows her key anew.
import { carry, owes, owing, setClock } from "./possession.js";
import { post } from "./webauthn.js";

const AGAIN = 2000;

const page = document.getElementById("prove");
const { how, now, door, lock, owed } = page.dataset;

// A screen of this browser was locked, and the keeper has not answered: until it has, nothing is asked for.
async function settled() {
  while (await owes()) {
    try {
      await post(lock, { how: "asked" }, page);
    } catch (fault) {
      if (fault.status !== 401 && fault.status !== 423) {
        page.querySelector(".warned p").textContent = owed;
        page.classList.remove("lone-waiting");
        await new Promise((again) => setTimeout(again, AGAIN));
        continue;
      }
    }
    await owing(false);
  }
}

async function again() {
  if (how !== "b") await setClock(Number(now)); // signed once and refused: this browser's clock is put right first
  await settled();
  if (await carry("GET", location.href, how)) location.reload();
  else location.replace(`${door}?poste&suite=${encodeURIComponent(location.pathname + location.search)}`);
}

again();
