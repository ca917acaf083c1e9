"""Attack 23: a yes that was never given, or was given to something else.

The approval attacked is the one that exists: emergency access, alone up to five a day, then with a colleague's key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

from egide.rehearsal.drill.bad_key import answer, bent, key_of
from egide.rehearsal.drill.glass import ALONE, Glass, code_of, colleague_of, rested, signed, strangers
from egide.rehearsal.drill.stage import Account, NoStage, Stage, Steady
from egide.rehearsal.drill.table import Outcome, Stopwatch
from egide.rehearsal.signin import Answer, Visitor
from egide.rehearsal.workstation import Workstation

NUMBER: Final = 23
LIMIT_SECONDS: Final = 1.0
HONEST: Final = 2
FORGED: Final = 30
# How another site, or a page without our script, would send it.
STRANGE: Final[dict[str, Mapping[str, str | None]]] = {
    "page d'un autre site": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    "autre port du même hôte": {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:1"},
    "adresse tapée": {"Sec-Fetch-Site": "none"},
    "navigateur qui ne dit rien": {"Sec-Fetch-Site": None},
    "sans jeton": {"X-CSRFToken": None},
    "jeton d'un autre": {"X-CSRFToken": "x" * 64},
    "formulaire en texte": {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain", "X-CSRFToken": None},
}


@dataclass
class Trial:
    """What was tried, what it answered, and whether it left a row where it reached the keeper."""

    stage: Stage
    asker: Account
    glass: Glass
    patients: list[str]
    opened: set[str] = field(default_factory=set)
    turn: int = 0
    passed: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    slowest: float = 0.0
    tried: list[str] = field(default_factory=list)

    def fresh(self) -> tuple[str, dict[str, Any]]:
        """A patient that the asker may not open, and a new act over her."""
        patient = self.stranger()
        begun = self.glass.begin(patient)
        if begun.status != 200:
            raise NoStage(f"L'accès d'urgence ne s'ouvre pas à {self.asker.username} : {code_of(begun)}.")
        return patient, begun.json()

    def stranger(self) -> str:
        """The next patient who is closed to the asker, in turn."""
        closed = [one for one in self.patients if one not in self.opened]
        if not closed:
            raise NoStage("L'exercice demande une unité étrangère plus pleine.")
        self.turn += 1
        return closed[self.turn % len(closed)]

    def attempt(self, name: str, patient: str, send: Callable[[], Answer], *, reaches: bool = True) -> str:
        """One forged yes: it must be refused, open nothing and, where it reaches the keeper, stand in the trail."""
        before, watch = self._last(), Stopwatch()
        said = code_of(send())
        self.slowest = max(self.slowest, watch.read())
        self.tried.append(patient)
        if said in ("ok", "200") or self.glass.opens(patient):
            self.passed.append(f"{name} ({said})")
        elif reaches and not self._refused_since(before):
            self.silent.append(f"{name} ({said})")
        return said

    def _last(self) -> int:
        with self.stage.judge() as judge:
            row = judge.execute("SELECT coalesce(max(id), 0) AS n FROM audit.entry").fetchone()
        return int(row["n"]) if row else 0

    def _refused_since(self, before: int) -> bool:
        """A refusal of a yes; the look at the chart afterwards is another one (purpose care)."""
        with self.stage.judge() as judge:
            return bool(
                judge.execute(
                    "SELECT 1 FROM audit.entry WHERE id > %s AND kind IN ('refuse', 'sign_in_refused')"
                    " AND purpose IS DISTINCT FROM 'care' LIMIT 1",
                    (before,),
                ).fetchone()
            )


def play(stage: Stage) -> Outcome:
    """Forge in every way; then one honest approval of each kind."""
    outcome = Outcome(NUMBER)
    asker, victim = rested(stage)
    with stage.sign_in(asker) as visitor, stage.sign_in(colleague_of(stage, asker)) as other:
        trial = Trial(stage, asker, Glass(stage, visitor, asker), strangers(stage, asker, victim))
        _by_other_sites(trial)
        _by_a_bent_key(trial, outcome)
        _over_something_else(trial)
        _by_somebody_else(trial, other)
        _too_late(trial)
        _alone_as_two(trial, outcome)
        outcome.check("témoin : chaque façon a été essayée", len(trial.tried) >= FORGED, f"{len(trial.tried)}")
        outcome.check("aucune approbation forgée n'ouvre un dossier", not trial.passed, "; ".join(trial.passed[:5]))
        outcome.r = len({one for one in trial.tried if one not in trial.opened and trial.glass.opens(one)})
        outcome.recorded = outcome.check(
            "chaque approbation forgée qui atteint le gardien est dans la trace",
            not trial.silent,
            f"sans ligne : {'; '.join(trial.silent)}",
        )
        outcome.t = trial.slowest
        outcome.check("chacune est refusée en 1 s", outcome.t <= LIMIT_SECONDS, f"{outcome.t:.2f} s")
        _frames(visitor, trial, outcome)
        _honest(trial, outcome)
    outcome.note(f"{len(trial.tried)} approbations forgées ; les leurres pour qui approuve sans lire : pas encore")
    return outcome


def _by_other_sites(trial: Trial) -> None:
    for name, forge in STRANGE.items():
        patient, asked = trial.fresh()
        begun = trial.glass.begin(patient, forge=forge)
        if begun.status == 200:
            trial.passed.append(f"acte commencé par : {name}")
        yes = trial.glass.signed(asked["options"])
        trial.attempt(
            name, patient, lambda p=patient, a=asked, y=yes, f=forge: trial.glass.finish(p, a["act"], y, forge=f),  # type: ignore[misc]
            reaches=False,
        )  # fmt: skip


def _by_a_bent_key(trial: Trial, outcome: Outcome) -> None:
    key = key_of(trial.stage, trial.asker)
    patient, asked = trial.fresh()
    for name, response in bent(key, asked["options"], trial.stage.origin).items():
        trial.attempt(name, patient, lambda y=response: trial.glass.finish(patient, asked["act"], y))  # type: ignore[misc]
    outcome.check("une clé faussée onze fois ne ferme pas l'accès à la vraie", trial.glass.begin(patient).status == 200)


def _over_something_else(trial: Trial) -> None:
    glass = trial.glass
    one, first = trial.fresh()
    two, second = trial.fresh()
    yes = glass.signed(second["options"])
    trial.attempt("assertion d'un autre acte", one, lambda: glass.finish(one, first["act"], yes))
    with Steady(trial.stage.origin) as door:
        door.get("/connexion/")
        signing = door.post("/connexion/defi/", json_body={}).json()
        for_door = glass.signed(signing["options"])
        trial.attempt("assertion d'une connexion", one, lambda: glass.finish(one, first["act"], for_door))
        body = {"challenge_id": signing["challenge_id"], "response": dict(yes), "device_key": Workstation().named}
        trial.attempt("approbation donnée à la connexion", two, lambda: door.post("/connexion/preuve/", json_body=body))
    swapped, asked = trial.fresh()
    for_it = glass.signed(asked["options"])
    trial.attempt(
        "mots changés entre-temps", swapped, lambda: glass.finish(swapped, asked["act"], for_it, words="autre chose")
    )
    third, _ = trial.fresh()
    unknown = uuid4().hex
    trial.attempt("acte inconnu", third, lambda: glass.finish(third, unknown, for_it))


def _by_somebody_else(trial: Trial, other: Visitor) -> None:
    """Another person's session hands in the asker's yes, or her own key's over the asker's act."""
    glass = trial.glass
    patient, asked = trial.fresh()
    colleague = colleague_of(trial.stage, trial.asker)
    own, hers = glass.signed(asked["options"]), signed(trial.stage, colleague, asked["options"])
    trial.attempt(
        "cookie d'un autre, clé du demandeur", patient, lambda: glass.finish(patient, asked["act"], own, by=other)
    )
    trial.attempt("cookie et clé d'un autre", patient, lambda: glass.finish(patient, asked["act"], hers, by=other))
    trial.attempt("clé d'un autre à la place du demandeur", patient, lambda: glass.finish(patient, asked["act"], hers))
    with Steady(trial.stage.origin) as nobody:
        nobody.get("/connexion/")
        trial.attempt(
            "sans session", patient, lambda: glass.finish(patient, asked["act"], own, by=nobody), reaches=False
        )
    trial_again = trial.stage.sign_in(trial.asker)
    trial_again.post("/deconnexion/")
    trial.attempt(
        "session terminée", patient, lambda: glass.finish(patient, asked["act"], own, by=trial_again), reaches=False
    )
    trial_again.close()


def _too_late(trial: Trial) -> None:
    """Five minutes pass (the judge turns the clock of the act)."""
    patient, asked = trial.fresh()
    yes = trial.glass.signed(asked["options"])
    with trial.stage.judge() as judge:
        judge.execute("UPDATE accounts.act SET expires_at = clock_timestamp() WHERE id = %s", (UUID(asked["act"]),))
    trial.attempt("acte expiré", patient, lambda: trial.glass.finish(patient, asked["act"], yes))


def _alone_as_two(trial: Trial, outcome: Outcome) -> None:
    """Past five: the asker takes the colleague's place, with the same yes, with a new one, with a bent colleague's."""
    glass, stage = trial.glass, trial.stage
    colleague = colleague_of(stage, trial.asker)
    for _ in range(ALONE + 1):
        patient, asked = trial.fresh()
        yes = glass.signed(asked["options"])
        if code_of(glass.finish(patient, asked["act"], yes)) == "colleague_needed":
            break
        trial.opened.add(patient)
    else:
        outcome.check("le sixième accès de la journée demande un collègue", False)
        return
    trial.attempt("le même oui deux fois", patient, lambda: glass.finish(patient, asked["act"], yes))
    again = glass.signed(asked["options"])
    trial.attempt("la même clé deux fois", patient, lambda: glass.finish(patient, asked["act"], again))
    key = key_of(stage, colleague)
    for name, response in bent(key, asked["options"], stage.origin).items():
        trial.attempt(f"collègue, {name}", patient, lambda y=response: glass.finish(patient, asked["act"], y))  # type: ignore[misc]
    second, waiting = trial.fresh()
    if code_of(glass.finish(second, waiting["act"], glass.signed(waiting["options"]))) == "colleague_needed":
        hers = signed(stage, colleague, waiting["options"])
        trial.attempt("oui du collègue pour un autre acte", patient, lambda: glass.finish(patient, asked["act"], hers))
    hers = signed(stage, colleague, asked["options"])
    outcome.check(
        "fausse alerte : après tout cela, le vrai oui du collègue ouvre",
        code_of(glass.finish(patient, asked["act"], hers)) == "ok" and glass.opens(patient),
    )
    trial.opened.add(patient)  # by two honest keys
    trial.attempt("le oui du collègue rejoué ailleurs", second, lambda: glass.finish(second, waiting["act"], hers))


def _frames(visitor: Visitor, trial: Trial, outcome: Outcome) -> None:
    """Clickjacking: the page of the act refuses every frame; an assertion made in one says so."""
    patient, asked = trial.fresh()
    page = visitor.get(f"/dossier/{patient}/acceder/")
    policy = page.headers.get("content-security-policy", "")
    refused = "frame-ancestors 'none'" in policy or page.headers.get("x-frame-options", "").upper() == "DENY"
    outcome.check("la page de l'acte ne se laisse pas encadrer", refused, policy[:80])
    key = key_of(trial.stage, trial.asker)
    framed = answer(key, asked["options"], trial.stage.origin, framed=True, count=1)
    code = code_of(trial.glass.finish(patient, asked["act"], framed))
    # Its counter is an old one: `bad_approval` says that everything else of it was accepted.
    if code == "bad_approval":
        outcome.note(
            "une assertion faite dans un cadre étranger n'est pas refusée comme telle : seul le refus des cadres tient"
        )


def _honest(trial: Trial, outcome: Outcome) -> None:
    """The probe: honest approvals, colleague present, one after the other."""
    colleague = colleague_of(trial.stage, trial.asker)
    said = []
    for _ in range(HONEST):
        patient = trial.stranger()
        trial.opened.add(patient)
        said.append(trial.glass.whole(patient, colleague))
    outcome.check("fausse alerte : des approbations honnêtes de suite passent", set(said) == {"ok"}, str(said))
