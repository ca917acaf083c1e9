"""The 1,400 people who work in the demo's group: of every profession, dated, with fictive RPPS numbers.

The eighteen of the first clinic (`hospital.ACCOUNTS`) come first. Nobody here depends on a demo's seed: ids and names
are the same on every base. RPPS numbers begin with 997, which this demo keeps for people who do not exist, and have a
right key.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from uuid import UUID

from egide.identity.rules import storage_case
from egide.rehearsal import group, hospital, numbers, tables
from egide.rehearsal.draw import Draw
from egide.rehearsal.hospital import Account, Site, Unit, fixed_id
from egide.rehearsal.people import REFERENCE

STAFF = 1400
EVERYWHERE = "paul.marchand"  # the group's administrator; every other one acts for the site of his account
WITH_RPPS = frozenset(
    {"physician", "midwife", "intern", "nurse", "physiotherapist", "psychologist", "dietician", "pharmacist"}
)
_DOCTORS = frozenset({"physician", "pharmacist"})
_MOSTLY_WOMEN = frozenset({"midwife", "nurse", "care_assistant", "medical_secretary", "admission_clerk", "dietician"})
# What somebody was here before, for one in eight: (now, before).
_BEFORE = {"nurse": "student", "physician": "intern", "midwife": "student", "care_assistant": "porter"}


@dataclass(frozen=True, slots=True)
class Past:
    """A profession that somebody had here, and has no more."""

    account: UUID
    profession: str
    unit: UUID
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody's account, where and since when she works, and what she was here before."""

    account: Account
    site: Site
    since: datetime
    past: Past | None


# Per unit of a kind or specialty: profession → how many (a ward's letters apart).
_ON_WARDS = {
    "med": {"physician": 3, "nurse": 8, "care_assistant": 4, "intern": 1, "student": 1, "medical_secretary": 1},
    "chir": {"physician": 3, "nurse": 8, "care_assistant": 4, "intern": 1, "medical_secretary": 1},
    "mat": {"physician": 2, "midwife": 9, "nurse": 3, "care_assistant": 4, "medical_secretary": 1, "student": 1},
    "ped": {"physician": 2, "nurse": 9, "care_assistant": 3, "intern": 1, "medical_secretary": 1},
    "ssr": {"physician": 2, "nurse": 6, "care_assistant": 5, "physiotherapist": 3, "medical_secretary": 1},
    "urg": {"physician": 8, "nurse": 15, "care_assistant": 4, "intern": 2, "admission_clerk": 3},
    "res": {"physician": 1, "nurse": 4, "care_assistant": 7},
}
_OUTPATIENTS = {"physician": 2, "medical_secretary": 1}
_PLATFORMS = {"labo": {"laboratory": 3}, "imag": {"imaging": 3}, "pui": {"pharmacist": 2}}
# Per site of a kind, without a unit.
_AT_SITES = {
    "clinique": {
        "admission_clerk": 4, "switchboard": 2, "billing": 3, "dim": 1, "porter": 2, "psychologist": 1,
        "dietician": 1, "social_worker": 1, "physiotherapist": 1,
    },
    "centre de santé": {"admission_clerk": 2, "billing": 1, "nurse": 3, "psychologist": 1},
    "ehpad": {"admission_clerk": 1, "psychologist": 1, "social_worker": 1, "physiotherapist": 1},
}  # fmt: skip
# Who meets patients without belonging to one ward: every ward of the site.
_EVERYWHERE = frozenset({"psychologist", "dietician", "social_worker", "physiotherapist", "porter"})
_GROUP = {"dpo": 1, "rssi": 1, "administrator": 6}
# The group's cell of identity vigilance: the last two, so that nobody else is somebody else.
_LAST = ("identity_cell", "identity_cell")


def _posts() -> Iterator[tuple[str, Site, tuple[Unit, ...]]]:
    """Every post of the group but those of the first clinic's eighteen, in a fixed order."""
    for house in group.HOUSES.values():
        wards = house.wards
        for unit in house.units:
            if unit in hospital.UNITS:
                continue
            if unit.kind == "consultation":
                wanted = _OUTPATIENTS
                # a surgeon is seen at the consultation and on the ward
                with_ward = tuple(ward for ward in wards if ward.slug == _WARD_OF.get(unit.slug, "med"))[:1]
            else:
                wanted, with_ward = (_PLATFORMS | _ON_WARDS)[unit.slug], ()
            for profession, count in wanted.items():
                for _ in range(count):
                    yield profession, house.site, (unit, *(with_ward if profession == "physician" else ()))
        for profession, count in _AT_SITES[house.site.kind].items():
            for _ in range(count):
                yield profession, house.site, wards if profession in _EVERYWHERE else _desk(house, profession)
    # an administrator for each of the next six clinics; those of the first are among its eighteen
    clinics = [house.site for house in group.HOUSES.values() if house.site.kind == "clinique"]
    for profession, count in _GROUP.items():
        for number in range(count):
            yield profession, clinics[number + 1] if profession == "administrator" else hospital.SITE, ()
    fillers = [unit for unit in group.UNITS if unit.beds]
    for number in range(STAFF):  # as many as still lack
        unit = fillers[number % len(fillers)]
        yield ("nurse" if number % 3 else "care_assistant"), unit.service.site, (unit,)


_WARD_OF = {"ort": "chir", "gas": "chir", "uro": "chir", "gyn": "mat", "ped": "ped"}


def _desk(house: group.House, profession: str) -> tuple[Unit, ...]:
    """Nurses of a health centre work at its consultations; who sits at a desk belongs to no unit."""
    return house.consultations[:1] if profession == "nurse" else ()


@cache
def workers() -> tuple[Worker, ...]:
    """All 1,400, those of the first clinic first."""
    start = datetime.combine(REFERENCE, time(), UTC)
    found = [Worker(account, hospital.SITE, start, None) for account in hospital.ACCOUNTS]
    taken = {account.username for account in hospital.ACCOUNTS}
    for number, (profession, site, units) in enumerate(_posts(), start=len(found) + 1):
        if number > STAFF - len(_LAST):
            break
        found.append(_worker(number, profession, site, units, taken))
    for number, profession in enumerate(_LAST, start=len(found) + 1):
        found.append(_worker(number, profession, hospital.SITE, (), taken))
    return tuple(found)


def _worker(number: int, profession: str, site: Site, units: tuple[Unit, ...], taken: set[str]) -> Worker:
    draw = Draw("staff", number)
    sex = "F" if draw.chance(0.86 if profession in _MOSTLY_WOMEN else 0.5) else "M"
    family = draw.weighted(tables.family_names())
    names = "fr" if family.group == "br" or draw.chance(0.4) else family.group
    given = draw.weighted(tables.first_names(sex, names, 1962 + draw.below(38)))
    username = _username(given, family.name, taken)
    rpps = numbers.luhn(f"997{number:07}") if profession in WITH_RPPS else ""
    account = Account(
        fixed_id("account", username), username, given, family.name, "Dr" if profession in _DOCTORS else "",
        profession, units, rpps,
    )  # fmt: skip
    came = REFERENCE - timedelta(days=30 + int(4000 * draw.unit() ** 1.5))
    past = None
    if profession in _BEFORE and units and draw.chance(0.125):
        began = came - timedelta(days=200 + draw.below(900))
        past = Past(account.id, _BEFORE[profession], units[0].id, _midnight(began), _midnight(came))
    return Worker(account, site, _midnight(came), past)


def _username(given: str, family: str, taken: set[str]) -> str:
    """given.family in plain letters; the second of that name gets a 2."""

    def plain(name: str) -> str:
        return "".join(c for c in storage_case(name).lower() if c.isalnum())

    base = f"{plain(given)}.{plain(family)}"[:56]
    username, rank = base, 1
    while username in taken:
        rank += 1
        username = f"{base}{rank}"
    taken.add(username)
    return username


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@cache
def accounts() -> dict[str, Account]:
    """Every account by its name."""
    return {worker.account.username: worker.account for worker in workers()}


@cache
def of_unit(unit: Unit, profession: str) -> tuple[Account, ...]:
    """The people of one profession in one unit, in a fixed order; empty where there is none."""
    return _by_unit().get((unit.id, profession), ())


@cache
def _by_unit() -> dict[tuple[UUID, str], tuple[Account, ...]]:
    found: dict[tuple[UUID, str], list[Account]] = {}
    for worker in workers():
        for unit in worker.account.units:
            found.setdefault((unit.id, worker.account.profession), []).append(worker.account)
    return {key: tuple(people) for key, people in found.items()}


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn on an on-call list."""

    id: UUID
    list_id: UUID
    professional: UUID
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class List:
    """One on-call list of one site."""

    id: UUID
    site: Site
    name: str
    kind: str
    phone: str
    people: tuple[Account, ...]


@cache
def on_call() -> tuple[List, ...]:
    """Every on-call list: one a specialty and clinic (astreinte), one at each emergency unit (garde)."""
    found = []
    for slug, house in group.HOUSES.items():
        for service in house.services:
            units = [unit for unit in house.units if unit.service is service and unit.kind in ("ward", "emergency")]
            people = tuple(dict.fromkeys(one for unit in units for one in of_unit(unit, "physician")))
            if not people:
                continue
            kind = "garde" if service.code == "URG" else "astreinte"
            name = f"{'Garde' if kind == 'garde' else 'Astreinte'}, {service.name.lower()}"
            found.append(List(fixed_id("on call", slug, service.code), house.site, name, kind, service.phone, people))
    return tuple(found)


def turns(day: date, weeks: int = 8) -> Iterator[Turn]:
    """Turns from the Monday before `day`: a week each (astreinte), a night each from 18:00 UTC (garde)."""
    monday = day - timedelta(days=day.weekday())
    for one in on_call():
        days = 7 if one.kind == "astreinte" else 1
        for number in range(weeks * 7 // days):
            first = monday + timedelta(days=number * days)
            rank = first.toordinal() // days
            since = datetime.combine(first, time(18 if days == 1 else 7), UTC)
            until = since + (timedelta(hours=14) if days == 1 else timedelta(days=7))
            who = one.people[rank % len(one.people)]
            yield Turn(fixed_id("turn", str(one.id), first.isoformat()), one.id, who.id, since, until)
