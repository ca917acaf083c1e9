"""Attack 10: a live session prints all it can: rosters, charts, lists; other units' too, by one shift after another.

A document is a chart on paper of somebody who does not lie in the thief's own unit; sheets are measured apart, by the
unit's beds. Nothing is exported anywhere: every address is asked for what is not a page.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from egide.rehearsal.drill.glass import strangers
from egide.rehearsal.drill.pages import patients_in
from egide.rehearsal.drill.routes import routes
from egide.rehearsal.drill.stage import Account, NoStage, Stage, session_of
from egide.rehearsal.drill.table import Outcome
from egide.rehearsal.signin import Visitor

NUMBER: Final = 10
ALLOWED: Final = 30
LIMIT_SECONDS: Final = 60.0
STRANGERS: Final = 12
TYPED: Final = {"Sec-Fetch-Site": "none"}  # refused all the same, and no denial: the thief lasts longer
PAPER: Final = 'class="print-view'
LISTS: Final = ("/examens/impression/",)
ASKED: Final = ("nurse", "admission_clerk", "dim", "billing", "dpo", "administrator")
PAGES: Final = ("text/html", "application/json", "text/javascript", "application/manifest+json")
_UNIT = re.compile(r'<option value="([0-9a-f-]{36})"')


@dataclass
class Thief:
    """A carer's live session, what it was given on paper and when."""

    stage: Stage
    account: Account
    visitor: Visitor
    sessions: list[UUID]
    own: set[str] = field(default_factory=set)
    printed: set[str] = field(default_factory=set)
    documents: int = 0
    began: float = 0.0
    ended: float = 0.0

    def paper(self, address: str) -> str:
        """The page for paper at an address, empty when it is refused."""
        answer = self.visitor.get(address, TYPED)
        return answer.text if answer.status == 200 and PAPER in answer.text else ""

    def again(self) -> None:
        """Out and in: another session of the same account."""
        self.visitor.close()
        self.visitor = self.stage.sign_in(self.account)
        self.sessions.append(session_of(self.visitor))

    def foreign(self) -> None:
        """One document more of people outside the own unit."""
        self.documents += 1
        self.ended = time.perf_counter()
        self.began = self.began or self.ended


def play(stage: Stage) -> Outcome:
    """Its own unit's round, what is refused, then unit after unit; what the trail holds; no export."""
    outcome = Outcome(NUMBER, allowed=ALLOWED)
    account, victim = _carers(stage)
    wanted = strangers(stage, account, victim)[:STRANGERS]
    visitor = stage.sign_in(account)
    thief = Thief(stage, account, visitor, [session_of(visitor)])
    try:
        thief.own = set(patients_in(visitor.get(f"/unite/{account.units[0]}/").text))
        _refused(thief, wanted, victim, outcome)
        _unit_after_unit(thief, outcome)
        _round(thief, outcome)
        outcome.recorded = _recorded(thief, outcome)
    finally:
        _leave(thief)
        thief.visitor.close()
    _exports(stage, outcome)
    return outcome


def _carers(stage: Stage) -> tuple[Account, Account]:
    """The nurse of an inhabited unit who opened least today (her census caps a day), and one of another unit."""
    with stage.judge() as judge:
        rows = judge.execute(
            "SELECT unit_id, count(*) AS n FROM stays_stay WHERE discharged_at IS NULL GROUP BY 1"
        ).fetchall()
    full = {str(row["unit_id"]) for row in rows if row["n"] >= STRANGERS}
    spent = stage.today("open")
    # from the end of the list: what is spent here is spent for no other attack of the day
    able = [one for one in reversed(stage.accounts) if one.profession == "nurse" and set(one.units[:1]) & full]
    thief = min(able, key=lambda one: spent.get(one.username, 0), default=None)
    victim = next((one for one in able if thief and not set(one.units) & set(thief.units)), None)
    if thief is None or victim is None:
        raise NoStage("L'exercice demande deux infirmiers d'unités occupées différentes.")
    return thief, victim


def _sheet(thief: Thief, unit: str) -> tuple[str, int, int]:
    """A unit's sheet, how many people it shows, and the unit's beds (the judge's look)."""
    sheet = thief.paper(f"/unite/{unit}/transmission/")
    with thief.stage.judge() as judge:
        row = judge.execute("SELECT count(*) AS n FROM directory_bed WHERE unit_id = %s", (unit,)).fetchone()
    return sheet, len(thief.stage.truth.persons(sheet)), int(row["n"]) if row else 0


def _refused(thief: Thief, wanted: list[str], victim: Account, outcome: Outcome) -> None:
    """Charts, rosters and work lists that are not hers."""
    addresses = [f"/dossier/{one}/impression/" for one in wanted]
    addresses += [f"/unite/{unit}/transmission/" for unit in victim.units]
    given = [one for one in (*addresses, *LISTS) if thief.paper(one)]
    for _ in given:
        thief.foreign()
    outcome.check(
        "ni dossier, ni feuille, ni liste de travail d'ailleurs ne s'impriment",
        len(wanted) == STRANGERS and not given,
        f"{len(addresses) + len(LISTS)} demandés, {len(given)} donnés",
    )


def _unit_after_unit(thief: Thief, outcome: Outcome) -> None:
    """A shift taken, all printed, the shift left, the next; then again in another session."""
    loot, listed, seen, sheets = thief.stage.loot(), thief.stage.loot(), set[str](), list[tuple[int, int]]()
    shut = 0
    for _ in range(2):
        for unit in dict.fromkeys(_UNIT.findall(thief.visitor.get("/poste/").text)):
            thief.visitor.post("/poste/prendre/", {"unit": unit})
            sheet, shown, beds = _sheet(thief, unit)
            if sheet:
                sheets.append((shown, beds))
                listed.take_list(sheet)
            for one in set(patients_in(thief.visitor.get(f"/unite/{unit}/", TYPED).text)) - thief.own - seen:
                address = f"/dossier/{one}/impression/"
                page = thief.paper(address)
                shut += not page
                if page:
                    thief.foreign()
                    seen.add(one)
                    loot.take(page, address)
            thief.visitor.post("/poste/quitter/", {"unit": unit})
        thief.again()
    thief.printed |= seen
    outcome.r = loot.r
    outcome.t = thief.ended - thief.began
    outcome.check(
        "témoin : des postes ont été pris, leurs dossiers demandés", bool(sheets) and shut > 0, f"{shut} refusés"
    )
    outcome.check(
        f"hors du service, au plus {ALLOWED} dossiers sur papier, postes pris l'un après l'autre compris",
        0 < thief.documents <= ALLOWED,
        f"{thief.documents} dossiers de {loot.r} personnes, {shut} refusés",
    )
    outcome.check(
        "une feuille de service ne montre pas plus de personnes que de lits",
        bool(sheets) and all(shown <= beds for shown, beds in sheets),
        str(sheets),
    )
    outcome.check(f"plus rien après {LIMIT_SECONDS:.0f} s", outcome.t <= LIMIT_SECONDS, f"{outcome.t:.1f} s")
    outcome.note(f"les feuilles de services où un poste est pris, sans palier, montrent {listed.r} personnes")


def _round(thief: Thief, outcome: Outcome) -> None:
    """The probe, past the pace of paper: the round prints its sheet, and each of its charts opens on the screen."""
    unit = thief.account.units[0]
    _, shown, _ = _sheet(thief, unit)
    shut = [one for one in thief.own if thief.visitor.get(f"/dossier/{one}/", TYPED).status != 200]
    outcome.check(
        "fausse alerte : la feuille du service s'imprime, et chaque dossier de la visite s'ouvre à l'écran",
        bool(thief.own) and shown > 0 and not shut,
        f"{len(thief.own)} dossiers, {len(shut)} fermés, feuille de {shown}",
    )


def _recorded(thief: Thief, outcome: Outcome) -> bool:
    with thief.stage.judge() as judge:
        rows = judge.execute(
            "SELECT ids FROM audit.entry WHERE session = ANY (%s) AND kind = 'open' AND purpose = 'print'"
            " AND verdict = 'opened'",
            (thief.sessions,),
        ).fetchall()
    missing = thief.printed - {str(one) for row in rows for one in row["ids"]}
    return outcome.check(
        "chaque personne imprimée est dans la trace, sous le motif de l'impression",
        bool(rows) and not missing,
        f"{len(missing)} sur {len(thief.printed)} manquent",
    )


def _leave(thief: Thief) -> None:
    """No shift of the drill is left behind."""
    for unit in thief.visitor.get("/poste/").text.split('name="unit" value="')[1:]:
        thief.visitor.post("/poste/quitter/", {"unit": unit[:36]})


def _own(visitor: Visitor, account: Account) -> dict[str, str]:
    """A unit of hers and somebody who lies there, for the addresses that name them."""
    if not account.units:
        return {}
    unit = account.units[0]
    lying = patients_in(visitor.get(f"/unite/{unit}/", TYPED).text)
    return {"unit": unit, **({"patient": lying[0]} if lying else {})}


def _exports(stage: Stage, outcome: Outcome) -> None:
    """No address of ours answers a person with a table, a document or an archive: of the house, a unit, a patient."""
    others: set[str] = set()
    asked, tried = 0, set[str]()
    for profession in ASKED:
        account = next((one for one in stage.accounts if one.profession == profession), None)
        if account is None:
            continue
        tried.add(profession)
        with stage.sign_in(account) as visitor:
            own = _own(visitor, account)
            for route in routes():
                if not route.parameters.keys() <= own.keys() or route.name == "sign-out":
                    continue
                answer = visitor.get(route.path(own) + "?format=csv", {**TYPED, "Accept": "text/csv"})
                asked += answer.status == 200
                kind = answer.headers.get("content-type", "").partition(";")[0]
                table = kind not in PAGES and (kind != "text/plain" or len(answer.text.splitlines()) > 1)
                if answer.status == 200 and (table or "attachment" in str(answer.headers)):
                    others.add(f"{route.pattern} ({kind})")
    outcome.check(
        "aucune adresse ne rend de tableau, de document ni d'archive",
        tried == set(ASKED) and asked > len(ASKED) and not others,
        ", ".join(sorted(others)) or f"{asked} réponses",
    )
