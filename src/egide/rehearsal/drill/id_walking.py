"""Attack 6: a signed-in thief puts other people's ids into every route, and ids that nobody has.

The foreign ids come from the pages of the other unit's own session, never from the base.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4

from egide.rehearsal.drill.pages import patients_in, sessions_in
from egide.rehearsal.drill.routes import Route, routes
from egide.rehearsal.drill.stage import Account, Stage, session_of
from egide.rehearsal.drill.table import Outcome, Stopwatch
from egide.rehearsal.signin import Answer, Visitor

NUMBER: Final = 6
DENIALS: Final = 3  # distinct persons refused within ten minutes freeze the session
LIMIT_SECONDS: Final = 1.0
WALKED_PATIENTS: Final = 4
PROBES: Final = 12  # stale bookmarks, hostile images
TYPED_URL: Final = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}
HOSTILE_IMAGE: Final = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
HTMX: Final = {"HX-Request": "true"}
SIGN_OUT: Final = "deconnexion/"
REFUSED: Final = (403, 401)


@dataclass(frozen=True, slots=True)
class Targets:
    """What the victim's own pages show: the ids to walk with."""

    patients: list[str]
    units: list[str]
    session: str
    text: str


@dataclass
class Walk:
    """One thief: his session, what he sent, what came back."""

    stage: Stage
    account: Account
    visitor: Visitor
    answers: dict[tuple[str, str, str, str], Answer] = field(default_factory=dict)
    refused: Counter[tuple[UUID, str]] = field(default_factory=Counter)
    sessions: list[UUID] = field(default_factory=list)
    requests: int = 0
    unknown: str = field(default_factory=lambda: str(uuid4()))  # one for the whole walk: two would freeze the session

    @classmethod
    def begin(cls, stage: Stage, account: Account) -> Walk:
        """Sign in as the thief."""
        visitor = stage.sign_in(account)
        return cls(stage, account, visitor, sessions=[session_of(visitor)])

    def again(self) -> None:
        """A new session, when the last one was frozen or ended."""
        self.visitor.close()
        self.visitor = self.stage.sign_in(self.account)
        self.sessions.append(session_of(self.visitor))

    def send(
        self, method: str, path: str, forge: Mapping[str, str | None], form: Mapping[str, str] | None = None
    ) -> Answer:
        """One request of the walk."""
        self.requests += 1
        return self.visitor.get(path, forge) if method == "GET" else self.visitor.post(path, form, forge=forge)

    def alive(self) -> bool:
        """Whether the session still opens its own unit."""
        return self.visitor.get(f"/unite/{self.account.units[0]}/").status == 200


def play(stage: Stage) -> Outcome:
    """Walk, freeze, false alarms, then the trail."""
    outcome = Outcome(NUMBER)
    thief, victim = stage.pair()
    with stage.sign_in(victim) as own:
        targets = _look(own, victim)
        seen = stage.truth.persons(targets.text)
        if not outcome.check(
            "le compteur voit les personnes sur la page de la victime", len(seen) >= len(targets.patients) // 2
        ):
            outcome.note("le compteur de personnes est aveugle : la base n'a pas été chargée de cette graine")
        _walk_routes(stage, thief, targets, outcome)
        _freeze(stage, thief, targets, outcome)
        _false_alarms(stage, thief, targets, outcome)
        outcome.check("la session de la victime vit toujours", own.get(f"/unite/{victim.units[0]}/").status == 200)
    return outcome


def _look(own: Visitor, victim: Account) -> Targets:
    unit = own.get(f"/unite/{victim.units[0]}/")
    return Targets(patients_in(unit.text), list(victim.units), sessions_in(own.get("/sessions/").text)[0], unit.text)


# ── the walk ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _walk_routes(stage: Stage, thief: Account, targets: Targets, outcome: Outcome) -> None:
    loot = stage.loot()
    walk = Walk.begin(stage, thief)
    own = walk.visitor.get(f"/unite/{thief.units[0]}/").text
    known = routes()
    # The thief has read our source: an address typed by hand is refused and not counted, so GET goes that way.
    for route in sorted(known, key=lambda one: one.pattern == SIGN_OUT):
        for method in ("GET", "POST"):
            for kind, values in _values(route, targets, method, walk.unknown):
                for dress in ({}, HTMX):
                    _one(walk, route, method, kind, values, dress)
    shown: dict[int, str] = {}
    ids: dict[str, str] = {}
    for key, answer in walk.answers.items():
        typed = {key[3], *targets.patients[:1]}  # also put into the routes without an id
        more = set(patients_in(answer.text)) - typed - set(patients_in(own))
        ids.update(dict.fromkeys(more & set(targets.patients), " ".join(key)))
        for who in loot.take(answer.text) - _her_own(stage, own, targets, answer.text, typed):
            shown[who] = " ".join(key)
    outcome.check("le compteur voit les personnes de la page du voleur", bool(stage.truth.persons(own)))
    outcome.check("aucun dossier étranger n'est nommé", not ids, "; ".join(sorted(set(ids.values()))[:5]))
    outcome.r += len(shown)
    if shown:
        outcome.note(f"{len(shown)} personnes montrées par : {'; '.join(sorted(set(shown.values()))[:5])}")
    outcome.note(f"{walk.requests} requêtes sur {len(known)} routes, {len(targets.patients)} dossiers étrangers connus")
    asked = {route.pattern for route in known if _governed(route.pattern, known) and "<" in route.pattern}
    opened = [" ".join(key) for key, answer in walk.answers.items() if key[0] in asked and answer.status < 300]
    outcome.check("aucune route gardée ne répond à un identifiant étranger", not opened, "; ".join(opened[:5]))
    broken = [" ".join(key) for key, answer in walk.answers.items() if answer.status >= 500]
    outcome.check("aucune erreur interne", not broken, "; ".join(broken[:5]))
    differing = _differences(walk.answers)
    outcome.check("un identifiant étranger et un inconnu ont la même réponse", not differing, "; ".join(differing[:5]))
    _recorded(stage, walk, outcome)


def _her_own(stage: Stage, own: str, targets: Targets, text: str, typed: set[str]) -> set[int]:
    """Those of an answer who stand on the thief's own pages (my day, tabs) by right: R leaves them out, said openly.

    A homonym of both units is her own only where each chart that the answer links to is.
    """
    hers, foreign = stage.truth.persons(own), stage.truth.persons(targets.text)
    linked = set(patients_in(text)) - typed
    return hers if linked and linked <= set(patients_in(own)) else hers - foreign


def _values(route: Route, targets: Targets, method: str, unknown: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The values to put into a route: foreign, unknown, and foreign of another kind."""
    names = set(route.parameters)
    plain = {"digest": "0" * 16, "name": "egide.js"}
    if not names & {"patient", "unit", "session"}:
        yield "foreign", plain | {"": targets.patients[0]}
        return
    # A POST must come from our own page, so it counts as a denial: two persons only, one foreign and one unknown.
    many = WALKED_PATIENTS if method == "GET" else 1
    for patient in targets.patients[:many]:
        yield "foreign", plain | {"patient": patient, "unit": targets.units[0], "session": targets.session}
    yield "unknown", plain | {"patient": unknown, "unit": unknown, "session": unknown}
    if method == "GET":
        yield (
            "swapped",
            plain | {"patient": targets.units[0], "unit": targets.patients[0], "session": targets.patients[0]},
        )


def _one(walk: Walk, route: Route, method: str, kind: str, values: dict[str, str], dress: Mapping[str, str]) -> None:
    """One request; a route without an id gets it as a query and as unknown fields."""
    fields = {
        "patient": values.get("patient", values.get("", "")),
        "patient_id": values.get("patient", values.get("", "")),
    }
    path = route.path(values)
    if not set(route.parameters) & {"patient", "unit", "session"}:
        path += f"?patient={fields['patient']}&patient_id={fields['patient']}&id={fields['patient']}"
    forge = {**(TYPED_URL if method == "GET" else {}), **dress}
    form = {"bp": "120/80", **fields} if method == "POST" else None
    answer = walk.send(method, path, forge, form)
    if answer.status == 401 and route.pattern != SIGN_OUT:
        # frozen by what was asked before (its own check tells): asked again by a new session, to compare answers
        walk.again()
        answer = walk.send(method, path, forge, form)
    session = walk.sessions[-1]
    place = "patient" if "patient" in route.parameters else "unit" if "unit" in route.parameters else "session"
    # The page of the other doors (join, break the glass) asks for no chart: it is no refusal of one.
    asked = route.gate in ("chart", "roster") or place == "session"
    if asked and place in route.parameters and answer.status in REFUSED:
        walk.refused[(session, values[place])] += 1
    key = (route.pattern, f"{method}{' htmx' if dress else ''}", kind, values.get(place, ""))
    walk.answers[key] = answer
    if route.pattern == SIGN_OUT or answer.status == 401:
        walk.again()


def _governed(pattern: str, known: list[Route]) -> bool:
    return any(route.pattern == pattern and route.gate in ("chart", "roster") for route in known)


def _shape(answer: Answer, asked: str) -> tuple[object, ...]:
    """What a thief can tell answers apart by: status, length, headers; the id that he typed himself left out."""
    silent = {"date", "set-cookie", "content-length"}
    told = sorted((name, value.replace(asked, "…")) for name, value in answer.headers.items() if name not in silent)
    return answer.status, len(answer.body), tuple(told)


def _differences(answers: Mapping[tuple[str, str, str, str], Answer]) -> list[str]:
    shapes: dict[tuple[str, str], dict[str, set[tuple[object, ...]]]] = {}
    for (pattern, method, kind, asked), answer in answers.items():
        if kind in ("foreign", "unknown"):
            shapes.setdefault((pattern, method), {}).setdefault(kind, set()).add(_shape(answer, asked or "-"))
    found = []
    for (pattern, method), kinds in shapes.items():
        if "unknown" in kinds and kinds["foreign"] != kinds["unknown"]:
            found.append(f"{method} /{pattern}")
    return found


def _recorded(stage: Stage, walk: Walk, outcome: Outcome) -> None:
    """Each refusal that the thief got must stand in the trail, with the id he asked for."""
    held: Counter[tuple[UUID, str]] = Counter()
    for session in walk.sessions:
        for row in stage.trail(session, "refuse"):
            said = [str(one) for one in row["ids"] or []] + ([str(row["unit"])] if row["unit"] else [])
            said += [row["object"]] if row["object"] else []
            held.update((session, one) for one in said)
    lacking = walk.refused - held
    outcome.recorded = outcome.check(
        "chaque refus est dans la trace",
        bool(walk.refused) and not lacking,
        f"{sum(lacking.values())} refus sans ligne sur {sum(walk.refused.values())}, par exemple {_sample(lacking)}",
    )


def _sample(lacking: Counter[tuple[UUID, str]]) -> str:
    return next((identifier for _, identifier in lacking), "aucun")


# ── the freeze, and what must not freeze ────────────────────────────────────────────────────────────────────────────


def _freeze(stage: Stage, thief: Account, targets: Targets, outcome: Outcome) -> None:
    walk = Walk.begin(stage, thief)
    loot = stage.loot()
    for patient in targets.patients[: DENIALS - 1]:
        loot.take(walk.send("GET", f"/dossier/{patient}/", {}).text)
    outcome.check("deux refus ne gèlent personne", walk.alive())
    watch = Stopwatch()
    loot.take(walk.send("GET", f"/dossier/{targets.patients[DENIALS - 1]}/", {}).text)
    while walk.alive() and watch.read() < 10 * LIMIT_SECONDS:
        time.sleep(0.02)
    outcome.t = watch.read()
    outcome.check("le troisième refus gèle la session en 1 s", outcome.t <= LIMIT_SECONDS, f"{outcome.t:.2f} s")
    dead = [walk.send("GET", path, {}) for path in ("/", "/sessions/", "/vivant/", f"/dossier/{targets.patients[0]}/")]
    outcome.check("la session gelée n'ouvre plus rien", all(answer.status == 401 for answer in dead))
    for answer in dead:
        loot.take(answer.text)
    outcome.r += loot.r
    rows = stage.trail(walk.sessions[-1], "refuse")
    outcome.check("le gel suit des refus inscrits", len([row for row in rows if row["reason"] == "no_link"]) >= DENIALS)


def _false_alarms(stage: Stage, thief: Account, targets: Targets, outcome: Outcome) -> None:
    for name, forge in (("signets périmés et liens collés", TYPED_URL), ("page d'images hostiles", HOSTILE_IMAGE)):
        walk = Walk.begin(stage, thief)
        for patient in targets.patients[:PROBES]:
            walk.send("GET", f"/dossier/{patient}/", forge)
        outcome.check(f"{name} : personne n'est gelé", walk.alive(), f"{PROBES} demandes")
    walk = Walk.begin(stage, thief)
    for _ in range(PROBES):
        walk.send("GET", f"/dossier/{targets.patients[0]}/", {})
    outcome.check("douze fois le même lien de notre page : personne n'est gelé", walk.alive())
