"""Attack 16: whoever reads logs, error pages, headers and the files a server leaves finds nothing of what was typed.

Strings are planted through every form, address and header, well and badly formed; then everything that the home keeps
outside the database (attack 14 searches that) is read through the same sieve.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote
from uuid import UUID

from egide.keeper.client import Keeper, KeeperDown
from egide.kernel.capabilities import Refused
from egide.rehearsal.drill.pages import UUID_TEXT, Form, Page, patients_in
from egide.rehearsal.drill.routes import routes
from egide.rehearsal.drill.sieve import Sieve
from egide.rehearsal.drill.stage import SESSION_COOKIE, Account, Stage, Steady, session_of
from egide.rehearsal.drill.table import Outcome
from egide.rehearsal.signin import CSRF_COOKIE, Answer, Visitor
from egide.rehearsal.workstation import Workstation

NUMBER: Final = 16
PROFESSIONS: Final = ("dpo", "nurse", "physician", "admission_clerk", "medical_secretary")  # who draws, first
ERRORS: Final = 100
PAGES: Final = 50  # looked at by each
LEFT_ALONE: Final = ("/deconnexion/", "/sessions/", "/poste/")  # would end what the drill works with
READ: Final = ("log", "run", "conf", "demo", "keeper/state", "keeper/trail")
SETTLE_SECONDS: Final = 5.0  # at most, for the last line asked of the keeper to be in its log
_ANY_ID = re.compile(rf"{UUID_TEXT}|\d+")
FORM_TYPE: Final = "application/x-www-form-urlencoded"


@dataclass
class Sown:
    """What was planted, and every answer whose headers, or whole page, must not hold it."""

    mark: str
    planted: tuple[str, ...]
    errors: list[tuple[str, Answer]] = field(default_factory=list)
    answers: list[tuple[str, Answer]] = field(default_factory=list)
    forms: set[str] = field(default_factory=set)
    sessions: list[UUID] = field(default_factory=list)

    def keep(self, name: str, answer: Answer) -> None:
        """An error page says what to do, never what was typed; a form that is shown again may (422)."""
        self.answers.append((name, answer))
        if answer.status >= 400 and answer.status != 422:
            self.errors.append((name, answer))


def play(stage: Stage) -> Outcome:
    """Sow, provoke faults, wait, read everything."""
    outcome = Outcome(NUMBER)
    began = stage.now()
    mark = secrets.token_hex(6)
    sown = Sown(mark, (f"plantee-{mark}", f"Phrase plantée {mark}", f"PLANTEE{mark.upper()}"))
    for profession in PROFESSIONS:
        account = next((one for one in stage.accounts if one.profession == profession), None)
        if account is not None:
            with stage.sign_in(account) as visitor:
                sown.sessions.append(session_of(visitor))
                _forms(visitor, account, sown)
                _addresses(visitor, sown)
    with Steady(stage.origin) as nobody:
        nobody.get("/connexion/")
        _addresses(nobody, sown)
        _sign_in(nobody, sown)
    before = _length(stage, "keeper")
    _keeper(stage, sown)
    settled = _settled(stage, before)
    outcome.check("témoin : des formulaires ont été remplis", len(sown.forms) >= 8, f"{len(sown.forms)}")
    _read(stage, sown, outcome)
    _told(sown, outcome)
    outcome.recorded = outcome.check("la trace existe et ne répète rien de ce qui fut tapé", _trail(stage, sown, began))
    outcome.check(
        "fausse alerte : le support peut diagnostiquer : le journal du gardien dit quel verbe et où",
        settled,
    )
    outcome.note(
        f"{len(sown.answers)} réponses à {len(sown.forms)} sortes de formulaires et {len(routes())} routes ; la base"
        " elle-même est fouillée par 14, les caches du navigateur par 26"
    )
    return outcome


# ── sowing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _forms(visitor: Visitor, account: Account, sown: Sown) -> None:
    """Every form that this person's pages show: once with its own hidden values, once with the string everywhere."""
    home = f"/unite/{account.units[0]}/" if account.units else "/"
    first = patients_in(visitor.get(home).text)
    known = {"unit": account.units[0] if account.units else "", "patient": first[0] if first else ""}
    waiting = [route.path(known) for route in routes()]
    seen: set[str] = set()
    while waiting and len(seen) < PAGES:
        path = waiting.pop(0)
        if path in seen or path.startswith((*LEFT_ALONE, "/statique/")):
            continue
        seen.add(path)
        answer = visitor.get(path)
        if answer.status == 200 and "html" in answer.headers.get("content-type", ""):
            page = Page(path, answer.text)
            waiting += [link for link in page.links if known["patient"] and known["patient"] in link]
            for form in page.forms:
                kind = _ANY_ID.sub("…", form.action) + " " + " ".join(sorted({**form.sent, **form.typed}))
                if kind not in sown.forms and not form.action.startswith(LEFT_ALONE):
                    sown.forms.add(kind)
                    _fill(visitor, form, sown)


def _fill(visitor: Visitor, form: Form, sown: Sown) -> None:
    plain, odd, dirty = sown.planted[0], sown.planted[1], f"{sown.planted[2]}\x00'\"<x>"
    typed = {**form.sent, **dict.fromkeys(form.typed, odd)}
    everywhere = dict.fromkeys((*form.sent, *form.typed), plain)
    for fields in (typed, everywhere, dict.fromkeys(everywhere, dirty)):
        if form.method == "post":
            fields["csrfmiddlewaretoken"] = visitor.cookies.get(CSRF_COOKIE, "")
            sown.keep(form.action, visitor.post(form.action, fields))
            sown.keep(form.action, visitor.post(form.action, fields, forge={"HX-Request": "true"}))
        else:
            query = "&".join(f"{quote(name)}={quote(value)}" for name, value in fields.items())
            sown.keep(form.action, visitor.get(f"{form.action.split('?')[0]}?{query}"))


def _addresses(visitor: Visitor, sown: Sown) -> None:
    """Paths, queries, headers, cookies and bodies that nothing expects."""
    word = sown.planted[0]
    for path in (
        f"/{word}/",
        f"/dossier/{word}/",
        f"/unite/{word}/?x={word}",
        f"/?{word}={word}",
        f"/statique/{word}/x",
    ):
        sown.keep(path, visitor.get(path))
    for route in routes():
        if not route.path({}).startswith(LEFT_ALONE):
            sown.keep(route.pattern, visitor.get(f"{route.path({})}?q={word}&{word}", {"Sec-Fetch-Site": "none"}))
    for name in (
        "User-Agent",
        "Referer",
        "Origin",
        "X-Forwarded-For",
        "X-Request-Id",
        "Accept-Language",
        "Cookie",
        "Host",
    ):
        sown.keep(name, visitor.get("/", {name: f"{name.lower()}={word}"}))
    for kind, body in (
        ("application/json", b'{"reason": "' + word.encode()),
        ("application/json", json.dumps({word: word}).encode()),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=" + word.encode()),
        (FORM_TYPE, word.encode() + b"=%ff%fe" + word.encode()),
    ):
        for path in ("/patients/", "/connexion/preuve/", "/notifications/1/lue/"):
            headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": kind, "Origin": visitor.base_url}
            headers["X-CSRFToken"] = visitor.cookies.get(CSRF_COOKIE, "")
            sown.keep(f"{path} {kind}", visitor.request("POST", path, body, headers))


def _sign_in(visitor: Visitor, sown: Sown) -> None:
    word = sown.planted[0]
    for body in (
        {"challenge_id": word, "response": {"rawId": word, word: word}, "device_key": Workstation().named},
        {"challenge_id": word, "response": {}, "device_key": word},
    ):
        sown.keep("preuve", visitor.post("/connexion/preuve/", json_body=body))
    visitor.cookies[SESSION_COOKIE] = word
    sown.keep("cookie", visitor.get("/"))


def _keeper(stage: Stage, sown: Sown) -> None:
    """The keeper's two programs themselves, with words where they expect numbers."""
    word = sown.planted[0]
    for kind in ("web", "finder"):
        keeper = Keeper(stage.home.keeper_socket(kind))
        for verb, arguments in (
            (word, {}),
            ("open", {"cookie": word, "purpose": word, "read": [word], "write": [], "ids": [word]}),
            ("search", {"cookie": word, "typed": {"name": word}}),
            ("search", {"cookie": word, "typed": word}),
            ("sign_in", {"step": word}),
            ("who", {word: word}),
        ):
            try:
                keeper.call(verb, **arguments)
            except (Refused, KeeperDown):
                continue
        keeper.close()


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _files(stage: Stage) -> Iterator[Path]:
    """Regular files outside the database, the secrets and the program."""
    yield from (one for one in stage.home.root.iterdir() if one.is_file())
    for part in READ:
        for folder, _, names in os.walk(stage.home.root / part):
            yield from (path for path in (Path(folder, name) for name in names) if path.is_file())


def _read(stage: Stage, sown: Sown, outcome: Outcome) -> None:
    sieve = Sieve(stage.truth, (*sown.planted, sown.mark))
    example = sieve.search(b"x" + sown.planted[1].encode() + sieve.example().encode())
    outcome.check("témoin : le tamis voit ce qu'on plante et qui est nommé", len(example) >= 2, str(len(example)))
    found: list[str] = []
    persons: set[int] = set()
    size = 0
    for path in _files(stage):
        data = path.read_bytes()
        size += len(data)
        for hit in sieve.search(data):
            if hit.person is not None and path.parent.name == "demo":
                continue  # the accounts of the demo are its staff
            found.append(f"{path.relative_to(stage.home.root)} : {hit.kind}")
            persons |= {hit.person} if hit.person is not None else set()
    outcome.r = len(persons)
    outcome.check(
        "aucun journal ni fichier ne tient ce qui fut tapé, ni personne",
        size > 0 and not found,
        "; ".join(sorted(set(found))[:5]),
    )
    outcome.note(f"fouillé : {size / 1e6:.1f} Mo de journaux et de fichiers hors de la base")


def _told(sown: Sown, outcome: Outcome) -> None:
    """Error pages, and the headers of every answer."""
    quoted = [name for name, one in sown.errors if sown.mark in one.text.lower()]
    outcome.check("témoin : des erreurs ont été provoquées", len(sown.errors) >= ERRORS, f"{len(sown.errors)}")
    outcome.check("aucune page d'erreur ne répète ce qui fut tapé", not quoted, "; ".join(sorted(set(quoted))[:5]))
    heads = [
        f"{name} {header}"
        for name, one in sown.answers
        for header, value in one.headers.items()
        if sown.mark in value.lower()
    ]
    outcome.check("aucun en-tête de réponse ne le répète", not heads, "; ".join(sorted(set(heads))[:5]))
    faults = [f"{name} {one.status}" for name, one in sown.errors if one.status >= 500]
    outcome.check("aucune faute interne", not faults, "; ".join(sorted(set(faults))[:5]))
    traces = [name for name, one in sown.errors if "Traceback" in one.text or "DJANGO_SETTINGS" in one.text]
    outcome.check("aucune page d'erreur ne montre de code", not traces, "; ".join(traces[:3]))


def _trail(stage: Stage, sown: Sown, began: datetime) -> bool:
    with stage.judge() as judge:
        row = judge.execute(
            "SELECT count(DISTINCT session) FILTER (WHERE session = ANY (%s))::int AS entries,"
            " count(*) FILTER (WHERE strpos(lower(e::text), %s) > 0)::int AS said"
            " FROM audit.entry e WHERE at >= %s",
            (sown.sessions, sown.mark, began),
        ).fetchone()
    return row is not None and 0 < len(sown.sessions) == row["entries"] and row["said"] == 0


def _length(stage: Stage, process: str) -> int:
    path = stage.home.log_file(process)
    return path.stat().st_size if path.exists() else 0


def _settled(stage: Stage, before: int) -> bool:
    """Waits for the keeper's log, which is written after its answer."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while not (found := _diagnosed(stage, before)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def _diagnosed(stage: Stage, before: int) -> bool:
    """What the keeper refused as malformed since: a line that names the verb and the place, without a value."""
    with stage.home.log_file("keeper").open("rb") as log:
        log.seek(before)
        return b"verb " in log.read()
