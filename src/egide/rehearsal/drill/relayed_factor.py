"""Attack 3: a page that looks like ours relays the second factor. A key signs for the place it sees, a code does not.

The thief is given the victim's name, her code while it lives, and everybody's name, first name and birth date.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from egide.rehearsal.drill import rescue
from egide.rehearsal.drill.bad_key import answer, key_of
from egide.rehearsal.drill.glass import account_id
from egide.rehearsal.drill.loot import Loot, spoken
from egide.rehearsal.drill.pages import patients_in
from egide.rehearsal.drill.stage import SESSION_COOKIE, Account, Stage, Steady
from egide.rehearsal.drill.table import Outcome
from egide.rehearsal.signin import Visitor
from egide.rehearsal.workstation import Workstation

NUMBER: Final = 3
QUARTER: Final = 10  # distinct patients in fifteen minutes
DAY: Final = 28  # a nurse's 95th percentile
EVIL: Final = "https://egide-connexion.example"
MORNING: Final = 24  # patients of the rescued person's own morning, six a quarter of an hour
SOUGHT: Final = 30


def play(stage: Stage) -> Outcome:
    """Relay an assertion; relay a code where no rescue is open, then where one is; then the honest morning."""
    outcome = Outcome(NUMBER, allowed=QUARTER)
    began = stage.now()
    victim, witness, rescued = rescue.carers(stage, MORNING)
    _assertion(stage, victim, outcome)
    with Steady(stage.origin) as thief:
        rescue.enter(thief, victim.username, "123456")
        outcome.check("sans session de secours ouverte, un code ne fait entrer personne", not rescue.inside(thief))
    with rescue.administrator(stage, victim) as (opener, key):
        secret = rescue.opened(stage, opener, key, victim, witness)
        _greedy(stage, victim, secret, outcome)
        _patient(stage, opener, victim, secret, outcome)
        _told(stage, victim, began, outcome)
        secret = rescue.opened(stage, opener, key, rescued, witness)
        _morning(stage, rescued, secret, outcome)
        rescue.close(stage, opener, rescued)
    return outcome


def _assertion(stage: Stage, victim: Account, outcome: Outcome) -> None:
    """The thief's page asks the victim's key for our challenge: the browser signs the origin it is on."""
    key = key_of(stage, victim)
    ways: Mapping[str, Mapping[str, Any]] = {
        "origine du relais": {"origin": EVIL},
        "origine et partie du relais": {"origin": EVIL, "place": EVIL.split("//", 1)[1]},
        "dans un cadre du relais": {"origin": stage.origin, "framed": True},
    }
    entered = []
    for name, way in ways.items():
        with Steady(stage.origin) as thief:
            thief.get("/connexion/")
            asked = thief.post("/connexion/defi/", json_body={}).json()
            bent = answer(key, asked["options"], **{"origin": stage.origin, **way})
            thief.post(
                "/connexion/preuve/",
                json_body={"challenge_id": asked["challenge_id"], "response": bent, "device_key": Workstation().named},
            )
            if SESSION_COOKIE in thief.cookies:
                entered.append(name)
    outcome.check("une clé relayée n'ouvre aucune session (R = 0)", not entered, ", ".join(entered))


def _greedy(stage: Stage, victim: Account, secret: bytes, outcome: Outcome) -> None:
    """She types her name and her code on his page; he scrapes as fast as he can, by every page he knows."""
    shown = rescue.code(secret)
    loot = stage.loot()
    with Steady(stage.origin) as thief, Steady(stage.origin) as second:
        rescue.enter(thief, victim.username, shown)
        outcome.check("témoin : le code relayé ouvre une session de secours", rescue.inside(thief))
        began = time.perf_counter()
        _lists(stage, thief, victim, loot)
        outcome.check("aucune liste ne montre personne", not loot.r, f"{loot.r} personnes")
        shown_to_him = _search(stage, thief, loot) | _charts(thief, loot)
        outcome.r = named = max(len(shown_to_him), loot.r)
        ended = not rescue.inside(thief)
        outcome.t = time.perf_counter() - began
        outcome.check("demander au-delà de la limite ferme la session", ended)
        rescue.enter(second, victim.username, shown)
        outcome.check("le même code ne sert pas deux fois", not rescue.inside(second))
    outcome.check("dix patients au plus dans le quart d'heure", named <= QUARTER, f"{named}")


def _lists(stage: Stage, thief: Visitor, victim: Account, loot: Loot) -> None:
    """Whatever shows several people at once, and what makes links."""
    own = f"/unite/{victim.units[0]}/"
    for path in (
        "/",
        "/jour/",
        "/onglets/",
        "/secours/lits/",
        own,
        own + "releve/",
        own + "transmission/",
        "/travail/",
    ):
        loot.take_list(thief.get(path).text)
    loot.take_list(thief.post("/palette/", {"q": ""}).text)
    others = [one.units[0] for one in stage.accounts if one.units and one.units[0] not in victim.units]
    for unit in others[:3]:
        loot.take_list(thief.post("/poste/prendre/", {"unit": unit}).text)
        loot.take_list(thief.get(f"/unite/{unit}/").text)


def _search(stage: Stage, thief: Visitor, loot: Loot) -> set[str]:
    """Name, first letters and date of one after the other, then whole: whoever comes back was confirmed to him."""
    found: set[str] = set()
    for who, born in stage.truth.births()[:SOUGHT]:
        families, givens = stage.truth.names[who]
        for first in (min(givens)[:3], min(givens)):
            form = {"name": min(families), "first_name": first, "birth_date": spoken(date.fromisoformat(born))}
            loot.typed = set(form.values())
            page = thief.post("/patients/", form).text
            loot.take_list(page)
            found |= set(patients_in(page))
    loot.typed = set()
    return found


def _charts(thief: Visitor, loot: Loot, most: int = 60) -> set[str]:
    """The charts behind the beds, each page of each; those that said who lies there."""
    named: set[str] = set()
    for one in patients_in(thief.get("/secours/lits/").text)[:most]:
        page = thief.get(f"/dossier/{one}/")
        for more in ("impression/", "acces/", "mesures/", "courbe/", "proches/"):
            loot.take(thief.get(f"/dossier/{one}/{more}").text, f"/dossier/{one}/")
        loot.take(page.text, f"/dossier/{one}/")
        if page.status == 200:
            named.add(one)
    return named


def _patient(stage: Stage, opener: Visitor, victim: Account, secret: bytes, outcome: Outcome) -> None:
    """A second code, and a thief who has read our source: he stops at the limit, and comes back a quarter later."""
    most = 0
    seen: set[str] = set()
    before = _seen_by(stage, victim)
    with Steady(stage.origin) as thief:
        rescue.enter(thief, victim.username, rescue.code(secret, ahead=1))
        outcome.check("témoin : un second code relayé ouvre une session", rescue.inside(thief))
        for _ in range(8):  # two hours
            rescue.later(stage, victim, 15)
            fresh = 0
            for one in patients_in(thief.get("/secours/lits/").text):
                if one in seen:
                    continue
                if thief.get(f"/dossier/{one}/").status != 200:
                    break
                seen.add(one)
                fresh += 1
            most = max(most, fresh)
        began = time.perf_counter()
        rescue.close(stage, opener, victim)
        outcome.check("la fermer coupe le voleur aussitôt", not rescue.inside(thief))
        cut = time.perf_counter() - began
    total = _opened_in_a_day(stage, victim)
    outcome.check("témoin : le voleur patient ouvre des dossiers", most > 0 and before < _seen_by(stage, victim))
    outcome.check("un voleur patient : dix par quart d'heure", most <= QUARTER, f"{most}")
    outcome.check("un voleur patient : pas plus qu'une journée de la profession", total <= DAY, f"{total} en un jour")
    outcome.note(
        f"avec deux codes relayés et deux heures, un voleur qui s'arrête à la limite a vu {total} patients"
        f" de la victime (plafond {DAY} par jour) ; fermer la session le coupe en {cut:.2f} s"
    )


def _seen_by(stage: Stage, victim: Account) -> int:
    """How many charts this account's rescue sessions ever opened."""
    with stage.judge() as judge:
        row = judge.execute(
            "SELECT count(*)::int AS n FROM gate.rescue_seen WHERE account = %s", (account_id(stage, victim),)
        ).fetchone()
    return int(row["n"]) if row else 0


def _opened_in_a_day(stage: Stage, victim: Account) -> int:
    with stage.judge() as judge:
        row = judge.execute(
            "SELECT count(DISTINCT patient_id)::int AS n FROM gate.rescue_seen WHERE account = %s"
            " AND at > clock_timestamp() - interval '1 day'",
            (account_id(stage, victim),),
        ).fetchone()
    return int(row["n"]) if row else 0


def _told(stage: Stage, victim: Account, began: datetime, outcome: Outcome) -> None:
    """What the trail and the victim's own notices say."""
    who = account_id(stage, victim)
    with stage.judge() as judge:
        entered = judge.execute(
            "SELECT session FROM audit.entry WHERE account = %s AND kind = 'sign_in' AND purpose = 'rescue'"
            " AND at >= %s ORDER BY id",
            (who, began),
        ).fetchall()
        sessions = [row["session"] for row in entered]
        row = judge.execute(
            "SELECT count(*) FILTER (WHERE kind = 'open')::int AS opened,"
            " count(*) FILTER (WHERE kind = 'refuse' AND reason LIKE 'rescue%%')::int AS refused"
            " FROM audit.entry WHERE session = ANY (%s)",
            (sessions,),
        ).fetchone()
        told = judge.execute(
            "SELECT count(*)::int AS n FROM gate.notice WHERE account = %s AND kind = 'rescue_used' AND at >= %s",
            (who, began),
        ).fetchone()
    outcome.recorded = outcome.check(
        "chaque dossier et chaque refus sont dans la trace",
        len(sessions) == 2 and row is not None and row["opened"] >= outcome.r and row["refused"] > 0,
        f"{row}",
    )
    outcome.check(
        "la victime est avertie de chaque connexion", told is not None and told["n"] >= len(sessions), f"{told}"
    )


def _morning(stage: Stage, rescued: Account, secret: bytes, outcome: Outcome) -> None:
    """The probe: the rescued nurse's own round, six patients a quarter of an hour, one of them again and again."""
    refused: list[str] = []
    with Steady(stage.origin) as nurse:
        rescue.enter(nurse, rescued.username, rescue.code(secret))
        beds = patients_in(nurse.get("/secours/lits/").text)[:MORNING]
        for place, one in enumerate(beds):
            if place and place % 6 == 0:
                rescue.later(stage, rescued, 15)
            for path in (f"/dossier/{one}/", f"/dossier/{one}/constantes/", f"/dossier/{beds[0]}/"):
                got = nurse.get(path).status
                if got != 200:
                    refused.append(f"{path} {got}")
            saved = nurse.post(f"/dossier/{one}/constantes/", {"bp": "124/76", "pulse": "72"}).status
            if saved not in (200, 302):
                refused.append(f"constantes {saved}")
        done = nurse.post("/deconnexion/").status
    outcome.check(
        f"fausse alerte : la matinée de la personne secourue, {len(beds)} patients, n'est jamais arrêtée",
        not refused and len(beds) == MORNING and done == 302,
        "; ".join(refused[:4]),
    )
