"""Attack 5: a live session of the profession that searches most is turned into a vacuum cleaner.

The thief is given more than a real one has: for every person of the base, the first three letters and the birth date.
He asks for one after the other, over HTTP, as fast as he is answered; then for near identities, on purpose.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from egide.rehearsal.drill.loot import Loot
from egide.rehearsal.drill.pages import patients_in
from egide.rehearsal.drill.stage import Account, NoStage, Stage, session_of
from egide.rehearsal.drill.table import Outcome
from egide.rehearsal.signin import Visitor

NUMBER: Final = 5
ALLOWED: Final = 50
LIMIT_SECONDS: Final = 10.0
SEARCHES: Final = 60
PROBED: Final = 8  # people a desk receives, typed in full
THIEF, DESK = "admission_clerk", "medical_secretary"
ADDRESS: Final = "/patients/"
# What a page that shows nobody more says: persons of a minute, an hour, a day; the pace; the keeper's ceiling.
CLOSED: Final = ("identités hors de votre équipe", "Trop de recherches", "consultées par vous, ou sur ce site")


def play(stage: Stage) -> Outcome:
    """Sweep, slips, then the trail, then a desk that works."""
    outcome = Outcome(NUMBER, allowed=ALLOWED)
    known = list(_known(stage))
    with stage.sign_in(_account(stage, THIEF)) as thief:
        session = session_of(thief)
        loot = stage.loot()
        linked = _sweep(thief, known, loot, outcome) | _slips(thief, known, loot)
        outcome.r = loot.r
        rows = stage.trail(session, "search")
        shown = {one for row in rows for one in row["ids"]}
        missing = linked - {str(one) for one in shown}
        outcome.recorded = outcome.check(
            "chaque personne montrée est inscrite",
            bool(linked) and not missing and len(shown) >= loot.r,
            f"{len(missing)} sur {len(linked)} manquent, {len(shown)} inscrites pour {loot.r}",
        )
        outcome.check("aucune saisie n'est inscrite", bool(rows) and not _quoted(rows, known), f"{len(rows)} lignes")
        outcome.check("une recherche n'ouvre aucun dossier", not stage.trail(session, "open"))
    _desk(stage, known, outcome)
    return outcome


def _account(stage: Stage, profession: str) -> Account:
    """Of the first such account and its colleagues of that site, who searched least today.

    Of that site: they know the same people. Rested: whom she was shown today already costs her nothing more.
    """
    spent, sites = stage.today("search"), stage.sites()
    able = [one for one in stage.accounts if one.profession == profession and one.username in sites]
    if not able:
        raise NoStage(f"L'exercice demande un compte de profession {profession}.")
    here = [one for one in able if sites[one.username] == sites[able[0].username]]
    return min(here, key=lambda one: spent.get(one.username, 0))


def _known(stage: Stage) -> Iterator[tuple[str, str, date]]:
    """Name, first name and birth date of everybody, as the truth has them."""
    for who, born in stage.truth.births():
        families, givens = stage.truth.names[who]
        yield min(families), min(givens), date.fromisoformat(born)


def _ask(visitor: Visitor, name: str, first: str, born: date, **keys: str) -> str:
    """The page of one search; `unmask="1"` shows what is masked, `group="1"` looks beyond the legal entity."""
    form = {"name": name, "first_name": first, "birth_date": f"{born:%d/%m/%Y}"}
    return visitor.post(ADDRESS, form | keys).text


def _sweep(thief: Visitor, known: list[tuple[str, str, date]], loot: Loot, outcome: Outcome) -> set[str]:
    """Three letters and the date of one after the other. The persons whose rows were shown."""
    linked: set[str] = set()
    first_row = last_row = 0.0
    refused = 0
    asked: list[tuple[tuple[str, str, date], dict[str, str]]] = [(one, {}) for one in known[:SEARCHES]] + [
        (one, {"group": "1"}) for one in known[: SEARCHES // 3]
    ]
    for (name, _, born), keys in asked:
        loot.typed = {f"{born:%d/%m/%Y}"}
        page = _ask(thief, name[:3], "", born, **keys)
        linked.update(map(str, patients_in(page)))
        if loot.take_list(page):
            last_row = time.perf_counter()
            first_row = first_row or last_row
        refused += any(said in page for said in CLOSED)
    outcome.t = last_row - first_row
    outcome.check("le compteur voit les personnes trouvées", loot.r > 0)
    outcome.check("la recherche se ferme d'elle-même", refused > 0, f"{refused} refus en {len(asked)} recherches")
    outcome.check(f"plus personne après {LIMIT_SECONDS:.0f} s", outcome.t <= LIMIT_SECONDS)
    outcome.note(
        f"{loot.r} personnes en {outcome.t:.1f} s, puis plus aucune en {len(asked)} recherches ; 40 au plus par jour"
    )
    return linked


def _slips(thief: Visitor, known: list[tuple[str, str, date]], loot: Loot) -> set[str]:
    """A date off by one day, and « Afficher », on purpose. The persons whose rows were shown."""
    linked: set[str] = set()
    for name, first, born in known[SEARCHES : SEARCHES + 10]:
        asked = born + timedelta(days=1)
        loot.typed = {f"{asked:%d/%m/%Y}", name, first}
        page = _ask(thief, name, first, asked, unmask="1")
        linked.update(map(str, patients_in(page)))
        loot.take_list(page)
    return linked


def _quoted(rows: list[dict[str, object]], known: list[tuple[str, str, date]]) -> list[str]:
    """Objects of the trail that quote a name or a date that was typed."""
    said = " ".join(str(row["object"]) for row in rows).upper()
    return [name for name, _, born in known[:SEARCHES] if name in said or born.isoformat() in said]


def _desk(stage: Stage, known: list[tuple[str, str, date]], outcome: Outcome) -> None:
    """The probe: people who stand at a desk and say who they are are found, homonyms or not."""
    with stage.sign_in(_account(stage, DESK)) as desk:
        missed = [
            born
            for name, first, born in known[-PROBED:]
            if not patients_in(_ask(desk, name, first, born))
            and not patients_in(_ask(desk, name, first, born, group="1"))
        ]
        outcome.check("un accueil trouve chaque personne qui dit qui elle est", not missed, f"{len(missed)} manquées")
