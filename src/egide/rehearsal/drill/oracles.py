"""Attack 28: does X exist, is X cared for in another unit? Asked without opening anything, by what differs in answers.

Advantage: the share by which an answer's status, wording, size or headers tell one kind of id from the other, over what
chance would. Times are measured and said, not judged: on a shared machine they tell of the machine.
"""

from __future__ import annotations

import hashlib
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final
from uuid import uuid4

from egide.rehearsal.drill.acts import Offices
from egide.rehearsal.drill.glass import REASON, WORDS, Glass, account_id, rested, strangers
from egide.rehearsal.drill.pages import patients_in, sessions_in
from egide.rehearsal.drill.routes import Route, routes
from egide.rehearsal.drill.stage import Account, Stage, session_of
from egide.rehearsal.drill.table import Outcome, Stopwatch
from egide.rehearsal.signin import Answer, Visitor

NUMBER: Final = 28
ALLOWED_ADVANTAGE: Final = 0.01
SAMPLES: Final = 12
TIMED: Final = 40
LOW, FEWEST = 5, 3  # numbers from one up, always tried; numbers of others below which it is said how few
WRITTEN: Final = 5  # requests to join the team of each kind: each leaves a row
TYPED_URL: Final = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}
# What is numbered, and where the judge reads numbers that are not the thief's.
NUMBERED: Final = {
    "/notifications/{}/lue/": "SELECT id FROM gate.notice WHERE account <> %s",
    "/notifications/compte/{}/lue/": "SELECT id FROM accounts.notice WHERE account <> %s",
    "/notifications/acces/{}/motif/": "SELECT id FROM audit.entry WHERE kind = 'break_glass' AND account <> %s",
    "/notifications/acces/{}/relire/": "SELECT id FROM audit.entry WHERE kind = 'break_glass' AND account <> %s",
    "/relectures/{}/": "SELECT id FROM gate.drawn WHERE account <> %s",
    "/travail/{}/": "SELECT id FROM gate.task WHERE done_by IS DISTINCT FROM %s",
    "/commissions/{}/terminer/": "SELECT id FROM gate.mandate WHERE account <> %s",
}
ANSWERED: Final = {"verdict": "accepted", "outcome": "done", "reason": "care"}
ALWAYS: Final = tuple(path for path in NUMBERED if path.startswith("/notifications/"))
_TOKEN = re.compile(r'(csrf[^>]*?(?:value|content)=")[^"]+|X-CSRFToken[^}]*')
_SILENT: Final = frozenset({"date", "set-cookie"})


def play(stage: Stage) -> Outcome:
    """Every route, then what is asked by form, then units, sessions and notices; times last."""
    outcome = Outcome(NUMBER)
    thief, victim = stage.pair()
    with stage.sign_in(victim) as own:
        foreign = strangers(stage, thief, victim)
        session = sessions_in(own.get("/sessions/").text)[0]
        with stage.sign_in(thief) as visitor:
            told = _routes(visitor, foreign, (victim, session), _unit_names(stage))
            told |= _forms(visitor, foreign)
            _tell_others(stage)
            told |= _numbers(stage, visitor, thief, outcome)
            worst = {name: value for name, value in told.items() if value > ALLOWED_ADVANTAGE}
            outcome.check(
                "statut, mots, taille et en-têtes : avantage sur le hasard d'au plus 1 %",
                not worst,
                "; ".join(f"{name} {value:.0%}" for name, value in worst.items()),
            )
            outcome.note(f"{len(told)} oracles essayés, {SAMPLES} identifiants de chaque sorte")
            _conditional(visitor, foreign, outcome)
            _times(visitor, foreign, outcome)
            _recorded(stage, visitor, foreign, outcome)
            alive = visitor.get(f"/unite/{thief.units[0]}/").status
            outcome.check("fausse alerte : la session continue de travailler", alive == 200, str(alive))
    _search(stage, victim, outcome)
    return outcome


# ── answers compared ────────────────────────────────────────────────────────────────────────────────────────────────


def advantage(some: Iterable[Answer], others: Iterable[Answer], typed: Sequence[str]) -> float:
    """How much better than chance the answers tell the two kinds apart (half the sum of differences of shares)."""
    one, two = Counter(_shape(answer, typed) for answer in some), Counter(_shape(answer, typed) for answer in others)
    shapes = set(one) | set(two)
    return sum(abs(one[shape] / one.total() - two[shape] / two.total()) for shape in shapes) / 2


def _shape(answer: Answer, typed: Sequence[str]) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    """Status, words and headers, without what was typed, tokens and what changes at each answer."""
    text = _TOKEN.sub(r"\1", answer.text)
    for one in typed:
        text = text.replace(one, "…")
    text = re.sub(r"[0-9a-f]{32}|[\w-]{43}", "…", re.sub(r"\d\d:\d\d(:\d\d)?", "…", text))
    headers = []
    for name, value in answer.headers.items():
        if name not in _SILENT and not name.startswith("content-security"):
            for one in typed:
                value = value.replace(one, "…")  # noqa: PLW2901
            headers.append((name, value))
    return answer.status, hashlib.sha256(text.encode()).hexdigest(), tuple(sorted(headers))


def _compare(
    ask: Callable[[str], Answer], some: Sequence[str], others: Sequence[str], public: Sequence[str] = ()
) -> float:
    """Interleaved, so that what changes with time changes for both."""
    one, two = [], []
    for left, right in zip(some, others, strict=False):
        one.append(ask(left))
        two.append(ask(right))
    return advantage(one, two, [*some, *others, *public])


def _unit_names(stage: Stage) -> list[str]:
    """No secret: the page « Mon poste » lists them to everybody; a refused unit is named in the frame."""
    with stage.judge() as judge:
        return [row["name"] for row in judge.execute("SELECT name FROM directory_unit")]


def _routes(
    visitor: Visitor, foreign: list[str], victim: tuple[Account, str], public: Sequence[str]
) -> dict[str, float]:
    """Every route that takes an id, by an address typed by hand: nothing is counted as a denial."""
    told = {}
    for route in routes():
        names = set(route.parameters)
        kind = next((one for one in ("patient", "unit", "session") if one in names), None)
        if kind is None:
            continue
        known = {"patient": foreign[:SAMPLES], "unit": list(victim[0].units), "session": [victim[1]]}[kind]
        unknown = [str(uuid4()) for _ in known]
        told[f"GET /{route.pattern}"] = _compare(_getter(visitor, route, kind), known, unknown, public)
    return told


def _getter(visitor: Visitor, route: Route, kind: str) -> Callable[[str], Answer]:
    return lambda one: visitor.get(route.path({kind: one}), TYPED_URL)


def _forms(visitor: Visitor, foreign: list[str]) -> dict[str, float]:
    """What one may ask about a closed chart: to join its team, to begin an emergency access."""
    unknown = [str(uuid4()) for _ in range(WRITTEN)]
    begin = {"reason": REASON, "words": WORDS}
    return {
        "POST équipe": _compare(
            lambda one: visitor.post(f"/dossier/{one}/acceder/equipe/", {}), foreign[:WRITTEN], unknown
        ),
        "POST urgence": _compare(
            lambda one: visitor.post(f"/dossier/{one}/acceder/urgence/defi/", json_body=begin),
            foreign[:WRITTEN],
            unknown,
        ),
    }


def _numbers(stage: Stage, visitor: Visitor, thief: Account, outcome: Outcome) -> dict[str, float]:
    """Notices, entries, draws, work and mandates are numbered: somebody else's must answer as one that is not."""
    absent = [str(10**15 + one) for one in range(SAMPLES)]
    who = account_id(stage, thief)
    told, few = {}, {}
    for path, asked in NUMBERED.items():
        with stage.judge() as judge:
            rows = judge.execute(f"{asked} ORDER BY id DESC LIMIT %s", (who, SAMPLES)).fetchall()
            own = judge.execute(asked.replace("<>", "=").replace("IS DISTINCT FROM", "="), (who,)).fetchall()
        others = [str(row["id"]) for row in rows]
        if len(others) < FEWEST:
            few[path] = len(others)
        # the lowest numbers too, whosever they are or nobody's, since a thief counts from one: never his own
        low = [str(one) for one in range(1, LOW + 1) if one not in {row["id"] for row in own}]
        for kind, known in (("", others), (" (petits numéros)", low)):
            if known:
                told[f"POST {path}{kind}"] = _compare(
                    lambda one, p=path: visitor.post(p.format(one), ANSWERED),  # type: ignore[misc]
                    known,
                    absent,
                )
    scarce = ", ".join(f"{path} n = {n}" for path, n in few.items())
    outcome.check(
        f"témoin : au moins {FEWEST} avis et accès d'autrui ont un numéro à essayer", not set(few) & set(ALWAYS), scarce
    )
    if few:
        outcome.note(f"moins de {FEWEST} numéros d'autrui à essayer ici : {scarce}")
    return told


def _tell_others(stage: Stage) -> None:
    """So that there is something of others' to guess: one breaks the glass, others refuse her a key."""
    carer, other = rested(stage)
    with stage.sign_in(carer) as visitor:
        Glass(stage, visitor, carer).whole(strangers(stage, carer, other)[0], other)
    offices = Offices(stage)
    one, two = offices.administrators[:2]
    with stage.sign_in(one) as visitor, stage.sign_in(two) as second:
        for _ in range(FEWEST):
            act = offices.asked(visitor, str(offices.id_of(carer)), "cle", why="more", spare="")
            offices.refuse(second, act)


def _conditional(visitor: Visitor, foreign: list[str], outcome: Outcome) -> None:
    """No validator that a later request could compare."""
    kept = []
    for one in (foreign[0], str(uuid4())):
        answer = visitor.get(f"/dossier/{one}/", TYPED_URL)
        kept += [name for name in ("etag", "last-modified", "age", "server-timing") if name in answer.headers]
    outcome.check("ni ETag ni date de modification sur un dossier fermé", not kept, ", ".join(kept))


def _times(visitor: Visitor, foreign: list[str], outcome: Outcome) -> None:
    """Medians of the two kinds, interleaved."""
    known: list[float] = []
    unknown: list[float] = []
    for place in range(TIMED):
        for times, asked in ((known, foreign[place % len(foreign)]), (unknown, str(uuid4()))):
            watch = Stopwatch()
            visitor.get(f"/dossier/{asked}/", TYPED_URL)
            times.append(watch.read())
    one, two = statistics.median(known) * 1000, statistics.median(unknown) * 1000
    bar = statistics.median(known + unknown)
    guessed = sum(time > bar for time in known) / TIMED - sum(time > bar for time in unknown) / TIMED
    outcome.note(
        f"temps médian d'un dossier fermé : étranger {one:.1f} ms, inconnu {two:.1f} ms ({TIMED} mesures chacun ;"
        f" deviner par la médiane gagne {abs(guessed):.0%} sur le hasard, bruit de {2 / TIMED**0.5:.0%} environ)"
    )


def _search(stage: Stage, victim: Account, outcome: Outcome) -> None:
    """A search that finds somebody in care elsewhere says neither where nor that she is there."""
    desk = next((one for one in stage.accounts if one.profession == "admission_clerk"), None)
    if desk is None:
        outcome.note("aucun compte d'admission : la recherche n'est pas comparée")
        return
    names = _unit_names(stage)
    with stage.sign_in(victim) as own:
        ward = stage.truth.persons(own.get(f"/unite/{victim.units[0]}/").text)
    asked = {who: born for who, born in stage.truth.births() if who in ward}
    free = {who: born for who, born in stage.truth.births() if who not in ward}
    shapes: list[Counter[tuple[int, int]]] = []
    said: list[str] = []
    with stage.sign_in(desk) as visitor:
        for group in (asked, free):
            shapes.append(Counter())
            for who, born in list(group.items())[: WRITTEN - 1]:
                families, givens = stage.truth.names[who]
                name, first = min(families), min(givens)
                form = {"name": name, "first_name": first, "birth_date": f"{date.fromisoformat(born):%d/%m/%Y}"}
                page = visitor.post("/patients/", form)
                rows = page.text.split("<main", 1)[-1]
                said += [unit for unit in names if unit in rows]
                shapes[-1][(page.status, len(patients_in(page.text)))] += 1
    outcome.check(
        "témoin : la recherche trouve qui est couché comme qui ne l'est pas",
        all(any(status == 200 and found for status, found in one) for one in shapes),
    )
    outcome.check("une recherche ne dit pas l'unité de qui est trouvé", not said, ", ".join(sorted(set(said))))
    outcome.note(
        "dit ouvertement : qui tape nom, prénom et date exacts apprend, contre une ligne, si la personne est connue"
    )


def _recorded(stage: Stage, visitor: Visitor, foreign: list[str], outcome: Outcome) -> None:
    rows = stage.trail(session_of(visitor), "refuse")
    said = {str(one) for row in rows for one in row["ids"]}
    outcome.recorded = outcome.check(
        "chaque question posée est dans la trace", bool(foreign) and said >= set(foreign[:SAMPLES])
    )
