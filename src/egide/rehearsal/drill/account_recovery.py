"""Attack 20: getting into somebody's account through its recovery: the lost key, the help desk, the code on paper.

The thief has read our source. In turn he is a stranger, a colleague with a session of his own, a cadre alone, and
whoever found one half of a code. T is how soon a key said to be lost, and its sessions, yield nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from egide.rehearsal.drill.acts import Offices, half_of
from egide.rehearsal.drill.glass import code_of
from egide.rehearsal.drill.pages import patients_in
from egide.rehearsal.drill.stage import Account, NoStage, Stage, Steady
from egide.rehearsal.drill.table import Outcome, Stopwatch
from egide.rehearsal.signin import SignInFailed, Visitor
from egide.rehearsal.softkey import SoftKey

NUMBER: Final = 20
DEAD_SECONDS: Final = 1.0
BACK_SECONDS: Final = 1800.0


@dataclass
class Trial:
    """Who is who, which tries gave somebody a key, and which left no row."""

    stage: Stage
    offices: Offices
    victim: Account
    cadre: Account
    guard: Account
    stranger: Account
    passed: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    tried: int = 0
    read: int = 0  # the trail's row up to which each try has found its own

    def attempt(self, name: str, said: str, *allowed: str) -> None:
        """One try; `allowed` are the refusals that one expects: it must stand in the trail since the try before."""
        self.tried += 1
        if said not in allowed:
            self.passed.append(f"{name} ({said})")
        elif not self._row(allowed):
            self.silent.append(f"{name} ({said})")
        self.read = _last(self.stage)

    def _row(self, codes: tuple[str, ...]) -> bool:
        with self.stage.judge() as judge:
            return bool(
                judge.execute(
                    "SELECT 1 FROM audit.entry WHERE id > %s AND kind IN ('refuse', 'sign_in_refused')"
                    " AND reason = ANY (%s)",
                    (self.read, list(codes)),
                ).fetchone()
            )


def play(stage: Stage) -> Outcome:
    """Ask for a key as everybody who may not; guess, replay, bend; then lose one and be back at work."""
    outcome = Outcome(NUMBER)
    trial = _cast(stage)
    trial.read = _last(stage)
    _at_the_help_desk(trial)
    _cadre_alone(trial)
    _with_the_paper(trial)
    outcome.check("personne ne reçoit la clé d'un autre", not trial.passed, "; ".join(trial.passed[:5]))
    outcome.recorded = outcome.check(
        "chaque refus est dans la trace",
        trial.tried > 0 and not trial.silent,
        f"sans ligne, sur {trial.tried} : {'; '.join(trial.silent)}",
    )
    loot = stage.loot()
    _lost(trial, outcome, loot)
    outcome.r = loot.r
    return outcome


def _cast(stage: Stage) -> Trial:
    offices = Offices(stage)
    with stage.judge() as judge:
        duties = judge.execute(
            "SELECT c.username, r.kind, r.unit_id FROM directory_responsibility r"
            " JOIN accounts.account c ON c.id = r.professional_id WHERE r.until IS NULL"
        ).fetchall()
    by_name = {one.username: one for one in stage.accounts}
    kept = set(stage.pair())
    for duty in duties:
        if duty["kind"] == "cadre" and duty["username"] in by_name:
            unit = str(duty["unit_id"])
            able = [
                one for one in stage.accounts
                if one.profession == "nurse" and unit in one.units
                and one.username != duty["username"] and one not in kept
            ]  # fmt: skip
            if able:
                guard = next(by_name[one["username"]] for one in duties if one["kind"] == "guard")
                far = next(one for one in stage.accounts if one.profession == "nurse" and unit not in one.units)
                return Trial(stage, offices, able[0], by_name[duty["username"]], guard, far)
    raise NoStage("L'exercice demande une unité avec un cadre et deux infirmiers.")


def _last(stage: Stage) -> int:
    with stage.judge() as judge:
        row = judge.execute("SELECT coalesce(max(id), 0) AS n FROM audit.entry").fetchone()
    return int(row["n"]) if row else 0


def _at_the_help_desk(trial: Trial) -> None:
    """A nurse of another unit, then a DPO, then an administrator alone: "she lost her key, give me one"."""
    offices, victim = trial.offices, str(trial.offices.id_of(trial.victim))
    for account in (trial.stranger, offices.of("dpo")):
        with trial.stage.sign_in(account) as visitor:
            for word in ("cle", "cle-perdue"):
                said = offices.ask(visitor, victim, word, why="lost", spare="")
                trial.attempt(f"{account.username} demande {word}", said, "category_closed")
    administrator = offices.administrators[0]
    with trial.stage.sign_in(administrator) as visitor:
        act = offices.asked(visitor, victim, "cle", why="more", spare="")
        half = half_of(offices.yes(visitor, act, administrator))
        trial.attempt(
            "un administrateur se dit oui deux fois", offices.yes(visitor, act, administrator)[0], "same_person"
        )
        trial.attempt("sa moitié seule", offices.key_challenge(half, half), "bad_code")
        with trial.stage.sign_in(trial.stranger) as other:
            said = offices.yes(other, act, trial.stranger)[0]
            trial.attempt("un infirmier d'une autre unité approuve", said, "category_closed")
        with trial.stage.sign_in(trial.victim) as own:
            trial.attempt("la personne approuve pour elle-même", offices.yes(own, act, trial.victim)[0], "concerns_you")
        offices.refuse(visitor, act)


def _cadre_alone(trial: Trial) -> None:
    """The cadre asks, and signs again from another workstation; then asks for herself."""
    offices, cadre = trial.offices, trial.cadre
    with trial.stage.sign_in(cadre) as visitor:
        act = offices.asked(visitor, str(offices.id_of(trial.victim)), "cle", why="more", spare="")
        offices.yes(visitor, act, cadre)
        with trial.stage.sign_in(cadre) as elsewhere:
            trial.attempt("le cadre signe deux fois", offices.yes(elsewhere, act, cadre)[0], "same_person")
        offices.refuse(visitor, act)
        said = offices.ask(visitor, str(offices.id_of(cadre)), "cle", why="more", spare="")
        trial.attempt("le cadre se remet une clé", said, "concerns_you")
        far = str(offices.id_of(trial.stranger))
        trial.attempt("le cadre d'une autre unité", offices.ask(visitor, far, "cle", why="more"), "category_closed")


def _with_the_paper(trial: Trial) -> None:
    """Guesses; both halves, replayed, bent and late. A key of the victim's is made on the way, then declared lost."""
    offices = trial.offices
    for guess in (("0000-0000", "0000-0000"), ("ABCD-EFGH", "JKMN-PQRS"), ("' OR 1=1", "--")):
        trial.attempt(f"au hasard {guess[0]}", offices.key_challenge(*guess), "bad_code")
    first, second = offices.administrators[:2]
    with trial.stage.sign_in(first) as visitor:
        act = offices.asked(visitor, str(offices.id_of(trial.victim)), "cle", why="more", spare="")
        mine, theirs = offices.both(act, first, second, visitor)
    _bent(trial, mine, theirs)
    offices.pose_key(mine, theirs)
    trial.attempt("le même code une seconde fois", offices.key_challenge(mine, theirs), "code_ended")
    with trial.stage.sign_in(first) as visitor:
        act = offices.asked(visitor, str(offices.id_of(trial.victim)), "cle", why="more", spare="")
        mine, theirs = offices.both(act, first, second, visitor)
    with trial.stage.judge() as judge:
        judge.execute("UPDATE accounts.invitation SET expires_at = clock_timestamp() WHERE act = %s", (UUID(act),))
    trial.attempt("le code de la veille", offices.key_challenge(mine, theirs), "code_ended")


def _bent(trial: Trial, first: str, second: str) -> None:
    """Registrations that are none: unverified, for another site, with a used or foreign challenge."""
    origin = trial.stage.origin
    refusals = ("no_user_verification", "bad_assertion", "challenge_ended", "bad_request")

    def finish(name: str, played: Any, asked: dict[str, Any], challenge: str | None = None) -> None:
        with Steady(origin) as nobody:
            nobody.get("/cle/")
            body = {"first": first, "second": second, "challenge_id": challenge or asked["challenge_id"],
                    "response": played}  # fmt: skip
            trial.attempt(name, code_of(nobody.post("/cle/preuve/", json_body=body)), *refusals)

    def begun() -> dict[str, Any]:
        with Steady(origin) as nobody:
            nobody.get("/cle/")
            found: dict[str, Any] = nobody.post("/cle/defi/", json_body={"first": first, "second": second}).json()
        return found

    asked = begun()
    username = asked["username"]
    finish("sans code ni empreinte", SoftKey.register(username, asked["options"], origin, verified=False)[1], asked)
    asked = begun()
    finish("pour un autre site", SoftKey.register(username, asked["options"], "https://evil.example")[1], asked)
    asked, other = begun(), begun()
    finish("défi d'un autre", SoftKey.register(username, asked["options"], origin)[1], other)
    finish("défi inventé", SoftKey.register(username, asked["options"], origin)[1], asked, "A" * 43)
    finish("réponse vide", {}, begun())


def _lost(trial: Trial, outcome: Outcome, loot: Any) -> None:
    """The phone is lost while its session lives in a thief's hands; then the honest way back."""
    stage, offices, victim = trial.stage, trial.offices, trial.victim
    thief = stage.sign_in(victim)
    former = SoftKey.load(stage.home.demo_keys / f"{victim.username}.json")
    clock = Stopwatch()
    with stage.sign_in(trial.cadre) as cadre:
        act = offices.asked(cadre, str(offices.id_of(victim)), "cle", why="lost", spare="RÉSERVE 1")
        mine = half_of(offices.yes(cadre, act, trial.cadre))
        dying = Stopwatch()
        answers = [thief.get(path) for path in (f"/unite/{victim.units[0]}/", "/jour/", "/sessions/")]
        for answer in answers:
            loot.take(answer.text)
        outcome.t = dying.read()
        dead = all(answer.status in (401, 302) for answer in answers) and not _signs_in(trial, former)
        outcome.check("au premier oui, la clé et ses sessions ne donnent plus rien",
                      dead and outcome.t <= DEAD_SECONDS, f"{outcome.t:.2f} s")  # fmt: skip
        with stage.sign_in(trial.guard) as guard:
            theirs = half_of(offices.yes(guard, act, trial.guard))
    offices.pose_key(mine, theirs)
    with stage.sign_in(victim) as back:
        found = patients_in(back.get(f"/unite/{victim.units[0]}/").text)
        told = "Une clé a été posée" in back.get("/notifications/").text
    seconds = clock.read()
    thief.close()
    outcome.check("la personne en est avertie", told)
    outcome.check("fausse alerte : clé perdue, de retour à son poste en moins de 30 minutes",
                  bool(found) and seconds <= BACK_SECONDS, f"{seconds:.1f} s, {len(found)} patients")  # fmt: skip
    outcome.check("la clé perdue reste morte après cela", not _signs_in(trial, former))
    outcome.note(f"de retour en {seconds:.1f} s de machine : deux signatures, une clé de réserve posée, une connexion")


def _signs_in(trial: Trial, key: SoftKey) -> bool:
    """Whether this very key still opens a session."""
    from egide.rehearsal.signin import sign_in

    def made(options: Any) -> Any:
        return key.assertion(options, trial.stage.origin)

    try:
        visitor: Visitor = sign_in(trial.stage.origin, trial.victim.username, make=made)
    except SignInFailed:
        return False
    visitor.close()
    return True
