"""Attack 24: everything twice at the same instant, fifty times over: never one above what is allowed.

One session in many hands, each with a connection of its own; the judge counts afterwards in the base.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4

from egide.rehearsal.drill.crowd import at_once, copies, get_all, post_all, statuses
from egide.rehearsal.drill.glass import (
    ALONE,
    WORDS,
    Glass,
    account_id,
    code_of,
    colleague_of,
    count_today,
    rested,
    signed,
    strangers,
)
from egide.rehearsal.drill.pages import patients_in
from egide.rehearsal.drill.stage import SESSION_COOKIE, Account, Stage, Steady, session_of
from egide.rehearsal.drill.table import Outcome
from egide.rehearsal.signin import Visitor
from egide.rehearsal.workstation import Workstation

NUMBER: Final = 24
HANDS: Final = 50
TWICE: Final = 8
SHIFTS: Final = 4
DENIALS: Final = 3
RACES: Final = 5
FREEZES: Final = 6  # how many times three refusals are made at the same instant
SEARCHED_A_MINUTE: Final = 10
TYPED_URL: Final = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}


def play(stage: Stage) -> Outcome:
    """Openings, refusals, emergency accesses, sign-ins, shifts, searches, a sign-out."""
    outcome = Outcome(NUMBER)
    thief, victim = rested(stage)
    foreign = strangers(stage, thief, victim)
    outcome.check("témoin : des dossiers étrangers sont connus", len(foreign) > TWICE, f"{len(foreign)}")
    _openings(stage, thief, outcome)
    # An unknown id is refused as a foreign one is: enough of them, however often the drill is played.
    _denials(stage, thief, foreign + [str(uuid4()) for _ in range(HANDS)], outcome)
    _one_act(stage, thief, foreign, outcome)
    _last_alone(stage, thief, foreign[1:], outcome)
    _sign_ins(stage, thief, victim, outcome)
    _shifts(stage, thief, outcome)
    _searches(stage, thief, outcome)
    _sign_out(stage, thief, outcome)
    return outcome


# ── openings ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _openings(stage: Stage, thief: Account, outcome: Outcome) -> None:
    with stage.sign_in(thief) as visitor:
        own = patients_in(visitor.get(f"/unite/{thief.units[0]}/").text)
        asked = [own[place % len(own)] for place in range(HANDS)]
        answers = get_all(visitor, [f"/dossier/{one}/" for one in asked])
        shown = {one for one, answer in zip(asked, answers, strict=True) if answer and answer.status == 200}
        opened = stage.trail(session_of(visitor), "open")
        alive = visitor.get("/vivant/").status
    rows = {str(one) for row in opened for one in row["ids"]}
    outcome.recorded = outcome.check("chaque dossier montré est dans la trace", bool(shown) and shown <= rows)
    outcome.check(
        "fausse alerte : deux onglets et doubles clics s'ouvrent tous",
        statuses(answers) == [200] * HANDS and alive < 300,
        f"{sorted(set(statuses(answers)))}, vivant {alive}",
    )
    with stage.judge() as judge:
        counted = judge.execute(
            "SELECT (SELECT sum(x) FROM unnest(p.ring_day) x)::int AS purse,"
            " (SELECT count(*) FROM gate.seen s WHERE s.account = p.account AND s.class = p.class"
            "   AND s.at > clock_timestamp() - interval '23 hours')::int AS seen"
            " FROM gate.purse p WHERE p.account = %s AND p.class = 'linked'",
            (account_id(stage, thief),),
        ).fetchone()
    same = counted is not None and counted["purse"] == counted["seen"] >= len(shown)
    outcome.check(f"{HANDS} ouvertures à la fois : la bourse compte chaque personne une fois", same, str(counted))


def _denials(stage: Stage, thief: Account, foreign: list[str], outcome: Outcome) -> None:
    """Three distinct refusals at the same instant must freeze as three one after the other do."""
    slipped, taken = 0, 0
    for turn in range(FREEZES):
        with stage.sign_in(thief) as visitor:
            walked = foreign[turn * DENIALS : (turn + 1) * DENIALS]
            answers = get_all(visitor, [f"/dossier/{one}/" for one in walked])
            taken += statuses(answers).count(200)
            time.sleep(0.2)
            slipped += visitor.get("/vivant/").status != 401
            visitor.post("/deconnexion/")
    outcome.r += taken
    outcome.check("aucun dossier étranger ne s'ouvre dans la course", taken == 0)
    outcome.check(
        "trois refus au même instant gèlent la session",
        slipped == 0,
        f"{slipped} sessions sur {FREEZES} vivent encore après trois refus simultanés de personnes distinctes",
    )
    with stage.sign_in(thief) as visitor:
        burst = foreign[: HANDS // 2]
        answers = get_all(visitor, [f"/dossier/{one}/" for one in burst])
        refused = stage.trail(session_of(visitor), "refuse")
        said = {str(one) for row in refused for one in row["ids"]}
        outcome.r += statuses(answers).count(200)
        dead = visitor.get("/vivant/").status == 401
    outcome.check(
        f"une rafale de {len(burst)} refus gèle la session", dead, f"{sorted(set(statuses(answers)))}, encore vivante"
    )
    outcome.check("chaque refus de la rafale est inscrit", said >= set(burst), f"{len(said)} sur {len(burst)}")


# ── emergency access ────────────────────────────────────────────────────────────────────────────────────────────────


def _one_act(stage: Stage, thief: Account, foreign: list[str], outcome: Outcome) -> None:
    """One act; the same yes handed in eight times at once, then two yes of the same key."""
    with stage.sign_in(thief) as visitor:
        glass = Glass(stage, visitor, thief)
        begun = glass.begin(foreign[0])
        asked = begun.json()
        yes = glass.signed(asked["options"])
        said = _hand_in(visitor, foreign[0], asked["act"], [yes] * TWICE)
        if "colleague_needed" in said:
            other = signed(stage, colleague_of(stage, thief), asked["options"])
            said = _hand_in(visitor, foreign[0], asked["act"], [other] * TWICE)
        done = said.count("ok")
    act = UUID(asked["act"])
    with stage.judge() as judge:
        rows = judge.execute(
            "SELECT (SELECT count(*) FROM audit.entry WHERE kind = 'break_glass' AND object = %(act)s)::int AS entries,"
            " (SELECT count(*) FROM gate.link k JOIN audit.entry e ON e.id = k.entry"
            " WHERE e.object = %(act)s)::int AS links",
            {"act": str(act)},
        ).fetchone()
    once = rows is not None and (done, rows["entries"], rows["links"]) == (1, 1, 1)
    outcome.check("un accès d'urgence confirmé huit fois à la fois n'a lieu qu'une fois", once, f"{said}, {rows}")


def _hand_in(visitor: Visitor, patient: str, act: str, yes: list[Mapping[str, Any]]) -> list[str]:
    path = f"/dossier/{patient}/acceder/urgence/preuve/"
    bodies = [(path, {"json": {"act": act, "response": dict(one), "words": WORDS}}) for one in yes]
    return [code_of(one) for one in post_all(visitor, bodies)]


def _last_alone(stage: Stage, thief: Account, foreign: list[str], outcome: Outcome) -> None:
    """More acts at once than may still be opened alone today: not one above five."""
    who = account_id(stage, thief)
    before = count_today(stage, who)
    with stage.sign_in(thief) as visitor:
        glass = Glass(stage, visitor, thief)
        begun = [(one, glass.begin(one).json()) for one in foreign[:TWICE]]
        said = [(one, asked["act"], glass.signed(asked["options"])) for one, asked in begun]
        bodies = [
            (f"/dossier/{one}/acceder/urgence/preuve/", {"json": {"act": act, "response": dict(yes), "words": WORDS}})
            for one, act, yes in said
        ]
        codes = [code_of(one) for one in post_all(visitor, bodies)]
        opened = [one for one in foreign[:TWICE] if glass.opens(one)]
    alone = codes.count("ok")
    outcome.check(
        "huit accès d'urgence à la fois : jamais un de plus que cinq par jour sans collègue",
        alone <= max(0, ALONE - before) and len(opened) == alone,
        f"{alone} acceptés, {len(opened)} ouverts, {before} auparavant",
    )


# ── sign-in, shifts, searches, sign-out ─────────────────────────────────────────────────────────────────────────────


def _sign_ins(stage: Stage, thief: Account, victim: Account, outcome: Outcome) -> None:
    """One challenge, one answer, eight browsers; then one challenge answered by two keys."""
    for name, people in (("la même assertion", [thief]), ("le même défi pour deux clés", [thief, victim])):
        with Steady(stage.origin) as first:
            first.get("/connexion/")
            asked = first.post("/connexion/defi/", json_body={}).json()
            proofs = [signed(stage, one, asked["options"]) for one in people]
            mine = Workstation()
            begun = {"challenge_id": asked["challenge_id"], "device_key": mine.named}
            bodies = [begun | {"response": dict(one)} for one in proofs]
            hands = copies(first, TWICE)
            for hand in hands:
                hand.workstation = mine
            work = [(hand, bodies[place % len(bodies)]) for place, hand in enumerate(hands)]
            at_once(work, lambda one: one[0].post("/connexion/preuve/", json_body=one[1]))
            made = [hand for hand in hands if SESSION_COOKIE in hand.cookies]
        outcome.check(f"{name}, huit fois à la fois, ne donne qu'une session", len(made) == 1, f"{len(made)} sessions")
        for hand in made:
            hand.post("/deconnexion/")
        for hand in hands:
            hand.close()


def _shifts(stage: Stage, thief: Account, outcome: Outcome) -> None:
    """Five shifts at once: in distinct units where the site has as many, never one above four; one unit, one shift."""
    who = account_id(stage, thief)
    others = [one for one in _units_of_site(stage, who) if one not in thief.units]
    if len(others) <= SHIFTS:
        outcome.note(
            f"{len(others)} autre(s) unité(s) sur le site : le plafond de quatre postes veut une plus grande base"
        )
    with stage.sign_in(thief) as visitor:
        for name, wanted, most in (
            ("cinq postes", others[: SHIFTS + 1], SHIFTS),
            ("fausse alerte, clics doublés sur un poste", others[:1] * 5, 1),
        ):
            held = []
            for _ in range(RACES):
                post_all(visitor, [("/poste/prendre/", {"unit": one}) for one in wanted])
                held.append(_shifts_held(stage, who))
                while _shifts_held(stage, who):
                    for one in dict.fromkeys(wanted):
                        visitor.post("/poste/quitter/", {"unit": one})
            outcome.check(
                f"{name}, {len(wanted)} demandes à la fois : jamais plus de {most}",
                0 < min(held) <= max(held) <= most,
                f"{held} postes déclarés",
            )


def _units_of_site(stage: Stage, who: UUID) -> list[str]:
    with stage.judge() as judge:
        rows = judge.execute(
            "SELECT u.id FROM directory_unit u JOIN accounts.account c ON c.site = u.site_id"
            " WHERE c.id = %s AND u.kind <> 'platform' ORDER BY u.id",
            (who,),
        ).fetchall()
    return [str(row["id"]) for row in rows]


def _shifts_held(stage: Stage, who: UUID) -> int:
    with stage.judge() as judge:
        row = judge.execute(
            "SELECT count(*)::int AS n FROM accounts.shift WHERE account = %s AND until > clock_timestamp()", (who,)
        ).fetchone()
    return int(row["n"]) if row else 0


def _searches(stage: Stage, thief: Account, outcome: Outcome) -> None:
    """Fifty searches at once, each of somebody else by three letters and a date: ten persons a minute at most."""
    loot = stage.loot()
    with stage.sign_in(thief) as visitor:
        posts: list[tuple[str, dict[str, str]]] = []
        for who, born in stage.truth.births()[-HANDS:]:
            name, day = min(stage.truth.names[who][0]), date.fromisoformat(born)
            posts.append(("/patients/", {"name": name[:3], "birth_date": f"{day:%d/%m/%Y}"}))
        answers = post_all(visitor, posts)
        session = session_of(visitor)
    for answer, (_, form) in zip(answers, posts, strict=True):
        loot.typed = set(form.values())
        loot.take_list(answer.text if answer else "")
    shown = {one for row in stage.trail(session, "search") for one in row["ids"]}
    with stage.judge() as judge:
        linked = judge.execute(
            "SELECT count(DISTINCT k.patient_id)::int AS n FROM gate.link k WHERE k.patient_id = ANY (%s)"
            " AND (k.unit = ANY (%s) OR k.account = %s) AND (k.until IS NULL OR k.until > clock_timestamp())",
            (list(shown), [UUID(one) for one in thief.units], account_id(stage, thief)),
        ).fetchone()
    beyond = len(shown) - (int(linked["n"]) if linked else 0)
    outcome.check(
        f"{HANDS} recherches à la fois : jamais plus de {SEARCHED_A_MINUTE} personnes découvertes",
        0 < beyond <= SEARCHED_A_MINUTE and loot.r <= len(shown) and set(statuses(answers)) == {200},
        f"{sorted(set(statuses(answers)))}, {beyond} hors lien dans la trace, {loot.r} vues",
    )


def _sign_out(stage: Stage, thief: Account, outcome: Outcome) -> None:
    """Openings under way while the session ends: what is asked after the answer to sign-out opens nothing."""
    with stage.sign_in(thief) as visitor:
        own = patients_in(visitor.get(f"/unite/{thief.units[0]}/").text)
        after: list[int] = []

        def hand(one: tuple[int, Visitor]) -> None:
            place, copy = one
            if place == 0:
                copy.post("/deconnexion/")
                after.extend(visitor_again.get(f"/dossier/{own[0]}/").status for visitor_again in late)
            else:
                copy.get(f"/dossier/{own[place % len(own)]}/")

        late = copies(visitor, 3)
        hands = copies(visitor, TWICE)
        at_once(list(enumerate(hands)), hand)
        for one in (*hands, *late):
            one.close()
    outcome.check("rien ne s'ouvre après la déconnexion, même dans la course", set(after) == {401}, str(after))
