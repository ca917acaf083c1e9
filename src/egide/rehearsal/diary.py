"""Appointments of the demo: three a person on average, past and to come, many around `today`. All figures invented."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from egide.rehearsal import group, staff
from egide.rehearsal.census import at
from egide.rehearsal.draw import Draw
from egide.rehearsal.hospital import Unit
from egide.rehearsal.people import Person
from egide.rehearsal.tables import weighted

_HOW_MANY = weighted(list(range(10)), [5, 17, 24, 21, 15, 9, 5, 2, 1, 1])
_LENGTHS = (15, 20, 20, 30)
_PAST_DAYS = 7000
# Appointments within a month of today that the group's physicians can see (fifty-odd units, forty a day); a small demo
# has one in five of its own there, so that its agendas are not empty.
_NEAR_MOST, _NEAR_SHARE, _LATER_SHARE = 75_000, 0.2, 0.4
_REASONS = {
    "car": ("Suivi d'hypertension", "Palpitations", "Bilan avant chirurgie", "Suivi d'insuffisance cardiaque"),
    "gas": ("Coloscopie, consultation", "Douleurs abdominales", "Suivi de cirrhose", "Suites opératoires"),
    "ort": ("Gonalgie", "Suites opératoires, radiographie", "Avis prothèse de hanche", "Lombalgie"),
    "gyn": ("Suivi de grossesse", "Suivi gynécologique", "Douleurs pelviennes", "Contraception"),
    "ped": ("Visite obligatoire, vaccins", "Asthme de l'enfant, suivi", "Retard de croissance", "Otites à répétition"),
    "pne": ("Suivi d'asthme", "Explorations fonctionnelles", "Toux chronique", "Apnées du sommeil"),
    "neu": ("Céphalées", "Suivi d'AVC", "Troubles de la mémoire", "Maladie de Parkinson, suivi"),
    "uro": ("Bilan prostatique", "Lithiase urinaire", "Infections urinaires à répétition", "Suites opératoires"),
    "oph": ("Contrôle de la vue", "Cataracte, avis", "Fond d'œil du diabétique", "Glaucome, suivi"),
    "end": ("Diabète, équilibre", "Nodule thyroïdien", "Hypothyroïdie, suivi", "Surpoids, premier avis"),
    "rhu": ("Polyarthrite, suivi", "Ostéoporose", "Infiltration", "Lombosciatique"),
    "der": ("Grains de beauté, contrôle", "Eczéma", "Psoriasis, suivi", "Lésion à retirer"),
    "den": ("Détartrage", "Douleur dentaire", "Prothèse, empreinte", "Contrôle annuel"),
    "gen": ("Renouvellement d'ordonnance", "Certificat", "Fièvre et toux", "Bilan biologique"),
}


class Meeting(NamedTuple):
    """One appointment; `rank` numbers a person's. Not simply booked: changed then, by whom."""

    rank: int
    unit: Unit
    professional: UUID
    starts_at: datetime
    minutes: int
    state: str
    reason: str
    recorded_at: datetime
    author: UUID
    changed_at: datetime | None
    changed_by: UUID | None


def meetings(seed: int, count: int, person: Person, today: date) -> tuple[Meeting, ...]:
    """Her appointments. None after she died; none of a nursing home's people, whom physicians visit."""
    house = group.house_of(seed, person.index // group.BLOCK)
    units = _units(house, person.sex, person.age(today) < 16)
    if not units:
        return ()
    draw = Draw(seed, person.index, "meetings")
    near = min(_NEAR_SHARE, _NEAR_MOST / (3 * count))
    found = []
    for rank in range(draw.weighted(_HOW_MANY)):
        unit = draw.pick(units)
        day = _day(draw, person, today, near)
        # ten to noon and the afternoon, by slots of a quarter of an hour, on working days
        slot = draw.below(34)
        if day.weekday() > 4:
            day += timedelta(days=7 - day.weekday())
        starts = at(day, 8, 30) + timedelta(minutes=15 * (slot if slot < 16 else slot + 4))
        if person.died is not None and day >= person.died:
            continue
        found.append(_meeting(draw, rank, unit, starts, (day, today)))
    return tuple(found)


def _day(draw: Draw, person: Person, today: date, near: float) -> date:
    """A share within a month of today, less than half as many later, the rest in the years before."""
    when = draw.unit()
    if person.died is not None:
        return person.registered + timedelta(days=draw.below(max(1, (person.died - person.registered).days)))
    if when < near:
        return today + timedelta(days=draw.below(46) - 15)
    if when < near * (1 + _LATER_SHARE):
        return today + timedelta(days=31 + draw.below(170))
    first = max(person.registered, today - timedelta(days=_PAST_DAYS))
    return first + timedelta(days=draw.below(max(1, (today - first).days)))


def _meeting(draw: Draw, rank: int, unit: Unit, starts: datetime, days: tuple[date, date]) -> Meeting:
    day, today = days
    minutes = draw.pick(_LENGTHS)
    physician = draw.pick(staff.of_unit(unit, "physician")).id
    secretary = draw.pick(staff.of_unit(unit, "medical_secretary")).id
    asked = starts - timedelta(days=2 + draw.below(60), minutes=draw.below(300))
    latest = at(today, 7, 0) - timedelta(days=1, minutes=draw.below(600))
    chance = draw.unit()
    state, changed, by = "booked", None, None
    if chance < 0.07:
        state, changed, by = "cancelled", min(starts - timedelta(days=1), latest), secretary
    elif day < today:
        missed = chance < 0.12
        state, by = ("missed", secretary) if missed else ("kept", physician)
        changed = starts + timedelta(minutes=minutes)
    recorded = min(asked, latest, changed or latest)
    reason = draw.pick(_REASONS[unit.slug])
    return Meeting(rank, unit, physician, starts, minutes, state, reason, recorded, secretary, changed, by)


@lru_cache(maxsize=128)
def _units(house: group.House, sex: str, child: bool) -> tuple[Unit, ...]:
    """Where somebody comes: a child to the children's, where there is one; nobody to what is not for her."""
    units = house.consultations
    if child:
        return tuple(unit for unit in units if unit.slug == "ped") or tuple(
            unit for unit in units if unit.slug not in ("gyn", "uro")
        )
    barred = {"ped", *(("gyn",) if sex != "F" else ())}
    return tuple(unit for unit in units if unit.slug not in barred)
