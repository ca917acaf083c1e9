"""Attack 11: somebody who gives care breaks the glass again and again, out of curiosity.

Five a day alone, then each with a colleague's key; each told to who answers for the patient, each in the trail.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from egide.rehearsal.drill.glass import (
    ALONE,
    WORDS,
    Glass,
    account_id,
    code_of,
    colleague_of,
    count_today,
    rested,
    strangers,
)
from egide.rehearsal.drill.stage import Account, Stage, session_of
from egide.rehearsal.drill.table import Outcome

NUMBER: Final = 11
TRIED: Final = 12
CARELESS: Final = frozenset({"medical_secretary", "admission_clerk", "dpo"})
NIGHT: Final = 6  # emergency accesses of a night, past the five, a colleague beside


def play(stage: Stage) -> Outcome:
    """As many as are given; what the responsible physician and the trail hold; who may not; the emergency night."""
    outcome = Outcome(NUMBER, allowed=ALONE, t_waits="relecture dans les 15 min : ni alarme ni palier n'existent")
    thief, victim = rested(stage)
    who = account_id(stage, thief)
    before = count_today(stage, who)
    with stage.sign_in(thief) as visitor:
        glass = Glass(stage, visitor, thief)
        wanted = strangers(stage, thief, victim)[:TRIED]
        codes = [glass.whole(one) for one in wanted]
        opened = [one for one, code in zip(wanted, codes, strict=True) if code == "ok"]
        shown, refused = stage.loot(), stage.loot()
        for one in wanted:
            address = f"/dossier/{one}/"
            bag = shown if one in opened else refused
            bag.take(visitor.get(address, {"Sec-Fetch-Site": "none"}).text, address)
        outcome.r = len(shown.persons | refused.persons)
        outcome.check("témoin : chaque dossier ouvert montre quelqu'un", len(opened) <= shown.r, f"{shown.r}")
        outcome.check("un dossier refusé ne montre personne", not refused.r, f"{refused.r}")
        for said in shown.beyond + refused.beyond:
            outcome.note(f"compté au-delà de la personne d'un dossier : {said}")
        outcome.check(
            "cinq par jour sans collègue, pas un de plus",
            len(opened) <= max(0, ALONE - before) and set(codes[len(opened) :]) == {"colleague_needed"},
            f"{len(opened)} après {before} aujourd'hui ; {sorted(set(codes))}",
        )
        _other_ways(glass, wanted[-1], outcome)
        outcome.recorded = _recorded(stage, session_of(visitor), opened, outcome)
        _told(stage, opened, who, outcome)
        _night(stage, glass, wanted[len(opened) :], outcome)
    _not_carers(stage, victim, outcome)
    _another_session(stage, thief, wanted[-1], outcome)
    return outcome


def _other_ways(glass: Glass, patient: str, outcome: Outcome) -> None:
    """Without a reason, with an invented one, with « autre » and nothing said: not even begun."""
    path = f"/dossier/{patient}/acceder/urgence/defi/"
    bad = ({"reason": "", "words": WORDS}, {"reason": "curiosity", "words": WORDS}, {"reason": "other", "words": " a "})
    statuses = [glass.visitor.post(path, json_body=one).status for one in bad]
    outcome.check("sans motif, rien ne commence", all(one >= 400 for one in statuses), str(statuses))
    outcome.check("le sixième reste fermé", not glass.opens(patient))


def _recorded(stage: Stage, session: UUID, opened: list[str], outcome: Outcome) -> bool:
    rows = stage.trail(session, "break_glass")
    said = {str(one) for row in rows for one in row["ids"]}
    quiet = not any(WORDS.split()[0] in str(row) for row in rows)
    outcome.check("le texte libre n'est pas dans la trace en clair", quiet)
    return outcome.check("chaque accès d'urgence est dans la trace, avec son motif", said >= set(opened) and all(
        row["reason"] for row in rows
    ), f"{len(said)} lignes pour {len(opened)}")  # fmt: skip


def _told(stage: Stage, opened: list[str], who: UUID, outcome: Outcome) -> None:
    """Somebody who answers for the patient was told of each, and never the thief himself."""
    with stage.judge() as judge:
        rows = judge.execute(
            "SELECT n.patient_id, n.account, array_agg(m.profession) AS professions FROM gate.notice n"
            " JOIN accounts.membership m ON m.account = n.account"
            " WHERE n.kind = 'break_glass' AND n.by_account = %s AND n.patient_id = ANY (%s) GROUP BY 1, 2",
            (who, [UUID(one) for one in opened]),
        ).fetchall()
    told = {str(row["patient_id"]) for row in rows}
    right = all(set(row["professions"]) & {"physician", "dpo"} for row in rows)
    outcome.check(
        "le médecin responsable, ou le DPO, est prévenu de chacun", told == set(opened) and right, str(len(told))
    )
    outcome.check("le voleur ne relit pas ses propres accès", not any(row["account"] == who for row in rows))


def _night(stage: Stage, glass: Glass, patients: list[str], outcome: Outcome) -> None:
    """The probe: past five, an emergency night with a colleague beside is never refused, and each chart opens."""
    colleague = colleague_of(stage, glass.account)
    night = patients[:NIGHT]
    codes = [glass.whole(one, colleague) for one in night]
    shut = [one for one in night if not glass.opens(one)]
    outcome.check(
        "fausse alerte : une nuit d'urgences avec un collègue n'est jamais refusée",
        bool(night) and set(codes) == {"ok"} and not shut,
        f"{len(night)} accès : {sorted(set(codes))}, {len(shut)} fermés",
    )


def _not_carers(stage: Stage, victim: Account, outcome: Outcome) -> None:
    """Who gives no care may not, even with a key."""
    opened = []
    tried: set[str] = set()
    others = [one for one in stage.accounts if one.profession in CARELESS]
    for one in others:
        patient = next(iter(strangers(stage, one, victim)), None)
        if patient is None:
            continue
        with stage.sign_in(one) as visitor:
            glass = Glass(stage, visitor, one)
            tried.add(one.profession)
            if glass.whole(patient) == "ok" or glass.opens(patient):
                opened.append(one.profession)
    outcome.check(
        "secrétaire, admissions et DPO ne brisent pas la glace",
        tried == CARELESS and not opened,
        ", ".join(opened or tried),
    )


def _another_session(stage: Stage, thief: Account, patient: str, outcome: Outcome) -> None:
    """Signing out and in again gives no new five."""
    with stage.sign_in(thief) as visitor:
        glass = Glass(stage, visitor, thief)
        asked = glass.begin(patient).json()
        code = code_of(glass.finish(patient, asked["act"], glass.signed(asked["options"])))
    outcome.check("une nouvelle session n'en donne pas cinq de plus", code == "colleague_needed", code)
