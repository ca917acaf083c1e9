"""Attack 26, the part that HTTP can play: after sign-out, what the browser kept and what the server still answers.

Back button, bfcache, other tabs and printing belong to a real browser: tests/journeys/test_session_end.py.
"""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from typing import Final

from egide.rehearsal.drill.copied_session import OPENED
from egide.rehearsal.drill.glass import signed, strangers
from egide.rehearsal.drill.loot import Loot
from egide.rehearsal.drill.pages import Page, patients_in, sessions_in
from egide.rehearsal.drill.routes import routes
from egide.rehearsal.drill.stage import SESSION_COOKIE, Account, Stage, Steady, session_of
from egide.rehearsal.drill.table import Outcome
from egide.rehearsal.signin import CSRF_COOKIE, Answer
from egide.rehearsal.workstation import Workstation

NUMBER: Final = 26
CRAWLED: Final = 120
SIGN_OUT: Final = "/deconnexion/"
LOCK: Final = "/verrou/"
DOORS: Final = ("/connexion/", "/cle/")
PUBLIC: Final = ("/statique/", "/favicon.ico", "/sante/")
# How a browser asks again for what it had: history, reload, a partial download, htmx's own history.
RESTORED: Final[tuple[dict[str, str], ...]] = (
    {},
    {"If-None-Match": "*", "If-Modified-Since": "Tue, 24 Nov 2026 00:00:00 GMT"},
    {"Cache-Control": "only-if-cached, max-stale=86400"},
    {"Range": "bytes=0-1000"},
    {"HX-Request": "true", "HX-History-Restore-Request": "true"},
)
HTMX: Final = "htmx.js"
STORES: Final = re.compile(r"\b(localStorage|sessionStorage|indexedDB|serviceWorker|caches\.open)\b")
KEPT: Final = {
    "possession.js : indexedDB"
}  # the workstation's key, which no script reads; sign-out's Clear-Site-Data takes it


class Recording(Steady):
    """Keeps the Set-Cookie lines as they came."""

    def __init__(self, base_url: str, cookies: dict[str, str], workstation: Workstation | None = None) -> None:
        super().__init__(base_url, cookies, workstation)
        self.lines: list[str] = []

    def _keep(self, line: str) -> None:
        self.lines.append(line)
        super()._keep(line)


@dataclass
class Seen:
    """Every page that the first person looked at."""

    pages: dict[str, Answer] = field(default_factory=dict)
    forms: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    remembered: list[str] = field(default_factory=list)


def play(stage: Stage) -> Outcome:
    """Work, sign out, come back as whoever sits down next."""
    outcome = Outcome(NUMBER)
    nurse, other = stage.pair()
    with stage.sign_in(nurse) as door:
        visitor = Recording(stage.origin, dict(door.cookies), door.workstation)
    with visitor:
        seen = _look_around(visitor, nurse, strangers(stage, other, nurse)[0])
        _kept(seen, outcome)
        old = dict(visitor.cookies)
        session = session_of(visitor)
        _locked(stage, visitor, nurse, seen, outcome)
        said = visitor.post(SIGN_OUT)
        _sign_out(visitor, said, outcome)
        loot = stage.loot()
        alive = _ask_again(stage, old, visitor.workstation, seen, loot)
        outcome.r += loot.r
        outcome.check(
            "plus aucune page ne vient par l'historique, le cache ou l'ancien cookie", not alive, "; ".join(alive[:4])
        )
        outcome.recorded = outcome.check("la déconnexion est dans la trace", bool(stage.trail(session, "sign_out")))
        _next_person(stage, visitor, other, seen, outcome)
    _scripts(stage, seen, outcome)
    _cookie(stage, nurse, outcome)
    outcome.note("le navigateur lui-même (retour, autres onglets, impression) : tests/journeys/test_session_end.py")
    return outcome


def _look_around(visitor: Recording, nurse: Account, patient: str) -> Seen:
    """Every route that the resolver names, with own ids, then what their links lead to."""
    seen = Seen()
    unit = nurse.units[0]
    session = sessions_in(visitor.get("/sessions/").text)[0]
    known = {"patient": patient, "unit": unit, "session": session}
    waiting = [route.path(known) for route in routes()]
    while waiting and len(seen.pages) < CRAWLED:
        path = waiting.pop(0)
        if path in seen.pages or path.startswith((SIGN_OUT, *PUBLIC)):
            continue
        answer = visitor.get(path)
        seen.pages[path] = answer
        if answer.status == 200 and "html" in answer.headers.get("content-type", ""):
            page = Page(path, answer.text)
            waiting += [link for link in page.links if patient in link or not patients_in(link)]
            for form in page.forms:
                again = any(action == form.action for action, _ in seen.forms)
                if form.method == "post" and not again and not form.action.startswith(SIGN_OUT):
                    seen.forms.append((form.action, form.sent))
                seen.remembered += [
                    f"{form.action} {name}" for name, kept in form.typed.items() if kept not in ("off", "one-time-code")
                ]
    return seen


def _kept(seen: Seen, outcome: Outcome) -> None:
    """What each page lets the browser keep."""
    shown = {path: answer for path, answer in seen.pages.items() if answer.status == 200}
    outcome.check("témoin : des pages ont été vues", len(shown) >= 10, f"{len(shown)}")
    cached = [path for path, one in seen.pages.items() if "no-store" not in one.headers.get("cache-control", "")]
    outcome.check("chaque page, refus compris, est « no-store »", not cached, "; ".join(cached[:4]))
    valid = [path for path, one in seen.pages.items() if {"etag", "last-modified", "expires"} & set(one.headers)]
    outcome.check("aucune ne porte de quoi être revalidée", not valid, "; ".join(valid[:4]))
    files = [path for path, one in seen.pages.items() if "attachment" in one.headers.get("content-disposition", "")]
    outcome.check("aucune page ne se télécharge toute seule", not files, "; ".join(files[:4]))
    remembered = sorted(set(seen.remembered))
    outcome.check(
        "aucun champ ne laisse sa saisie à l'historique du navigateur",
        not remembered,
        f"{len(remembered)} champs sans autocomplete=off : {'; '.join(remembered[:4])}",
    )
    outcome.note(f"{len(shown)} pages vues, {len(seen.forms)} formulaires")


def _locked(stage: Stage, visitor: Recording, nurse: Account, seen: Seen, outcome: Outcome) -> None:
    """She leaves for a moment: whoever sits down, key of the browser and all, finds who is locked and nothing else."""
    said = visitor.post(LOCK, json_body={"how": "asked"})
    loot = stage.loot()
    alive = _ask_again(stage, dict(visitor.cookies), visitor.workstation, seen, loot)
    outcome.r += loot.r
    outcome.check(
        "le verrou ferme chaque page et chaque formulaire, clé du navigateur comprise",
        said.status == http.client.OK and not alive, "; ".join(alive[:4]),
    )  # fmt: skip
    outcome.check("le verrou est dans la trace", bool(stage.trail(session_of(visitor), "lock")))
    asked = visitor.post(LOCK + "defi/", json_body={}).json()
    body = {"challenge_id": asked["challenge_id"], "response": dict(signed(stage, nurse, asked["options"]))}
    back = visitor.post(LOCK + "preuve/", json_body=body)
    again = visitor.get(f"/unite/{nurse.units[0]}/")
    outcome.check(
        "fausse alerte : sa clé rouvre la session là où elle en était",
        back.status == again.status == http.client.OK, f"{back.status}, {again.status}",
    )  # fmt: skip


def _sign_out(visitor: Recording, said: Answer, outcome: Outcome) -> None:
    told = said.headers.get("clear-site-data", "")
    outcome.check("la déconnexion vide cache et stockage", '"cache"' in told and '"storage"' in told, told)
    ended = any(line.startswith(f"{SESSION_COOKIE}=") and "Max-Age=0" in line for line in visitor.lines)
    outcome.check("elle retire le cookie", ended and SESSION_COOKIE not in visitor.cookies)
    page = visitor.get(said.headers.get("location", "/"))
    outcome.check("la page d'arrivée ne garde rien", "no-store" in page.headers.get("cache-control", ""))


def _ask_again(stage: Stage, old: dict[str, str], mine: Workstation | None, seen: Seen, loot: Loot) -> list[str]:
    """Each page again, with the cookie that was kept and without; each form again; even with the key."""
    alive = []
    plain = {name: value for name, value in old.items() if name != SESSION_COOKIE}
    for cookies in (old, plain):
        with Steady(stage.origin, cookies, mine) as visitor:
            for path, first in seen.pages.items():
                for forge in RESTORED if first.status == 200 and patients_in(path) else RESTORED[:1]:
                    answer = visitor.get(path, forge)
                    loot.take(answer.text)
                    if answer.status in (200, 206, 304) and not path.startswith(DOORS):
                        alive.append(f"{path} {answer.status}")
            for action, sent in seen.forms:
                answer = visitor.post(action, {**sent, "csrfmiddlewaretoken": cookies.get(CSRF_COOKIE, "")})
                loot.take(answer.text)
                elsewhere = answer.headers.get("location", "").startswith("/connexion/")
                door = action.startswith(DOORS) and answer.status == 422  # shown again to whoever knocks
                if (answer.status < 400 or answer.status in OPENED) and not (elsewhere or door):
                    alive.append(f"POST {action} {answer.status}")
    return alive


def _next_person(stage: Stage, visitor: Recording, other: Account, seen: Seen, outcome: Outcome) -> None:
    """The probe: somebody else signs in on the same browser, at once, and sees her unit and nobody else's."""
    with stage.sign_in(other) as fresh:
        visitor.cookies, visitor.workstation = dict(fresh.cookies), fresh.workstation
        mine = visitor.get(f"/unite/{other.units[0]}/")
        outcome.check("fausse alerte : la personne suivante travaille aussitôt", mine.status == 200, str(mine.status))
        charts = [path for path in seen.pages if re.fullmatch(r"/dossier/[0-9a-f-]{36}/", path)]
        left = [path for path in charts if visitor.get(path, {"Sec-Fetch-Site": "none"}).status == 200]
        outcome.check(
            "les dossiers de la précédente lui restent fermés",
            bool(charts) and not left,
            f"{len(left)} sur {len(charts)}",
        )


def _scripts(stage: Stage, seen: Seen, outcome: Outcome) -> None:
    """No script of ours writes into the browser's stores."""
    named = {name for one in seen.pages.values() for name in re.findall(r'/statique/[^"\']+\.js', one.text)}
    found = []
    with Steady(stage.origin) as visitor:
        for path in sorted(named):
            name = path.rsplit("/", 1)[-1]
            if name != HTMX:
                found += [f"{name} : {one}" for one in set(STORES.findall(visitor.get(path).text))]
    found = [one for one in found if one not in KEPT]
    keeping = [path for path, one in seen.pages.items() if HTMX in one.text and '"historyCacheSize": 0' not in one.text]
    outcome.check("htmx ne garde aucune page pour l'historique", not keeping, "; ".join(keeping[:3]))
    outcome.check("aucun script n'écrit dans les stockages du navigateur", not found and bool(named), "; ".join(found))


def _cookie(stage: Stage, account: Account, outcome: Outcome) -> None:
    """The session's cookie is out of reach of scripts and of other sites, and of no other host."""
    with Recording(stage.origin, {}) as visitor:
        visitor.get("/connexion/")
        asked = visitor.post("/connexion/defi/", json_body={}).json()
        body = {"challenge_id": asked["challenge_id"], "response": dict(signed(stage, account, asked["options"]))}
        visitor.workstation = workstation = Workstation()
        body["device_key"] = workstation.named
        visitor.post("/connexion/preuve/", json_body=body)
        lines = [line for line in visitor.lines if line.startswith(f"{SESSION_COOKIE}=")]
        visitor.post(SIGN_OUT)
    held = bool(lines) and all("HttpOnly" in one and "SameSite=Strict" in one and "Domain" not in one for one in lines)
    outcome.check("le cookie de session est HttpOnly et SameSite=Strict", held, "; ".join(one[-60:] for one in lines))
