"""The demo's people: person `index` follows from (seed, index) alone, in bounded memory, whoever was made before.

Traits are stored as RNIV 01 v2.0 asks (upper case, no diacritics, hyphens and apostrophes kept); every value is dated.
All proportions here (ages, marriages, moves, statuses) are invented for the demo.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from egide.identity import rules
from egide.rehearsal import group, numbers, tables
from egide.rehearsal.draw import Draw
from egide.rehearsal.tables import Commune, FamilyName, Weighted, weighted

REFERENCE = date(2026, 1, 1)
"""The day on which the demo's people are as described: traits never depend on today."""
OLDEST_RECORD = date(2006, 1, 1)
INS_SINCE = date(2021, 1, 1)
NEIGHBOURHOOD = ("44", "49", "85", "35", "79")
SOURCE = "demo"
_BORN_HERE = 0.45

# Births by age at REFERENCE, bands of five years from 0 to 100.
_AGES = weighted(list(range(20)), [5, 3, 2.5, 3, 4.5, 5.5, 6, 6, 5.5, 5.5, 6, 6.5, 7.5, 8.5, 8.5, 7.5, 6, 4.5, 2, 0.6])

_ABROAD: dict[str, Weighted[tuple[str, str]]] = {
    "ma": weighted([("99352", "Algérie"), ("99350", "Maroc"), ("99351", "Tunisie")], [5, 4, 2]),
    "pt": weighted(
        [("99139", "Portugal"), ("99134", "Espagne"), ("99127", "Italie"), ("99122", "Pologne")], [5, 2, 2, 1]
    ),
    "af": weighted(
        [("99335", "Mali"), ("99341", "Sénégal"), ("99326", "Côte d'Ivoire"), ("99333", "Madagascar")], [3, 3, 3, 2]
    ),
    "as": weighted(
        [("99243", "Viêt Nam"), ("99216", "Chine"), ("99208", "Turquie"), ("99235", "Sri Lanka")], [3, 2, 3, 1]
    ),
    "fr": weighted(
        [("99131", "Belgique"), ("99109", "Allemagne"), ("99140", "Suisse"), ("99132", "Royaume-Uni")], [3, 2, 1, 1]
    ),
}
_BORN_ABROAD = {"fr": 0.02, "br": 0.005, "ma": 0.45, "pt": 0.4, "af": 0.5, "as": 0.45}
_OWN_FIRST_NAMES = {"fr": 0.97, "br": 0.98, "ma": 0.86, "pt": 0.6, "af": 0.75, "as": 0.7}

_STREETS = (
    "rue de la République", "rue des Lilas", "avenue du Général-de-Gaulle", "rue de l'Église", "place du Marché",
    "rue Pasteur", "rue Victor-Hugo", "chemin des Vignes", "impasse des Tilleuls", "rue Jean-Jaurès",
    "boulevard de la Liberté", "rue du Moulin", "allée des Chênes", "rue de l'Hôtel-de-Ville", "route de Nantes",
    "rue des Écoles", "rue du 8-Mai-1945", "rue Émile-Zola", "quai de l'Île", "rue de la Fontaine", "rue du Château",
    "lotissement Les Prés", "rue Molière", "rue Saint-Exupéry", "lieu-dit La Haute Brosse", "rue Marie-Curie",
    "rue de Bretagne", "rue du Pont-Neuf", "square des Érables", "rue Louise-Michel",
)  # fmt: skip
_ZONES = {
    "01": "75 77 78 91 92 93 94 95",
    "02": "14 18 22 27 28 29 35 36 37 41 44 45 49 50 53 56 61 72 76 85 97",
    "03": "02 08 10 21 25 39 51 52 54 55 57 58 59 60 62 67 68 70 71 80 88 89 90",
    "04": "01 03 04 05 06 07 11 13 15 26 30 34 38 42 43 48 63 66 69 73 74 83 84 2A 2B",
}
_STATUSES = weighted(["qualifiee", "validee", "provisoire", "recuperee"], [64, 18, 14, 4])
_ADDRESSES = weighted([1, 2, 3], [0.83, 0.14, 0.03])
_MOBILES = weighted([1, 2], [0.7, 0.3])
_MAILBOXES = weighted([1, 2], [0.8, 0.2])
# Nursing homes: births by age at REFERENCE, bands of five years from 70.
_OLD_AGES = weighted([14, 15, 16, 17, 18, 19, 20], [4, 9, 16, 24, 24, 12, 3])
# Who is known here to have died by REFERENCE, by age then reached (years, share).
_DEAD = ((40, 0.004), (55, 0.012), (65, 0.035), (75, 0.08), (85, 0.17), (95, 0.36), (200, 0.6))
_KEPT = 1024  # of the people made last: a block and its neighbours

storage_case = lru_cache(maxsize=8192)(rules.storage_case)
_EXTRAS = ("", "", "", "", "", " bis", " ter")


class Value(NamedTuple):
    """One value of a trait or contact, from a day to another (None: still true)."""

    kind: str
    text: str
    since: date | None
    until: date | None = None

    def sealed_form(self) -> dict[str, str | None]:
        """What is sealed: value, from, to, source."""
        return {
            "v": self.text,
            "from": self.since.isoformat() if self.since else None,
            "to": self.until.isoformat() if self.until else None,
            "src": SOURCE,
        }


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the demo with every value she ever had here."""

    index: int
    sex: str
    birth_date: date
    traits: tuple[Value, ...]
    contacts: tuple[Value, ...]
    ins: Value | None
    registered: date
    died: date | None = None

    def trait(self, kind: str) -> str | None:
        """The value of a trait that is still true."""
        return next((value.text for value in self.traits if value.kind == kind and value.until is None), None)

    def age(self, day: date) -> int:
        """Whole years on a day."""
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (not had_birthday)


@dataclass(frozen=True, slots=True)
class Birth:
    """Sex, date, place and family: what twins share but for the sex. `month` is the INS's (above 30: unknown)."""

    sex: str
    day: date
    month: int
    place: tuple[str, str]
    family: FamilyName
    department: str


def people(seed: int, count: int) -> Iterator[Person]:
    """The first `count` people, one at a time."""
    return (person(seed, index) for index in range(count))


def person(seed: int, index: int) -> Person:
    """Person number `index` (from 0)."""
    birth, first_names = _identity(seed, index)
    draw = Draw(seed, index, "record")
    registered = _registered(seed, index)
    died = died_on(seed, index)
    traits = [
        Value("ipp", numbers.ipp(seed, index), registered),
        Value("birth_name", storage_case(birth.family.name), registered),
        Value("first_name", storage_case(first_names[0]), registered),
        Value("first_names", " ".join(storage_case(name) for name in first_names), registered),
        Value("birth_date", birth.day.isoformat(), registered),
        Value("sex", birth.sex, registered),
        Value("birth_place", "|".join(birth.place), registered),
    ]
    end = died or REFERENCE
    traits += _used_names(draw, birth, first_names, registered, end)
    statuses, ins_since = _statuses(draw, registered, end)
    traits += statuses
    if died is not None:
        traits.append(Value("deceased", died.isoformat(), died))
    ins = None
    if ins_since is not None:
        number = numbers.ins(seed, index, birth.sex, birth.day.year, birth.month, birth.department)
        ins = Value(numbers.INS_TEST_OID, number, ins_since)
    contacts = _contacts(seed, index, birth, first_names[0], (registered, end))
    return Person(index, birth.sex, birth.day, tuple(traits), contacts, ins, registered, died)


def birth_of(seed: int, index: int) -> "Birth":
    """Sex and birth of a person, without making the rest of her."""
    return _birth(seed, index)


@lru_cache(maxsize=_KEPT)
def died_on(seed: int, index: int) -> date | None:
    """The day a person died, before REFERENCE and after she was first received; None for the living."""
    birth = _birth(seed, index)
    if group.house_of(seed, index // group.BLOCK).site.kind == "ehpad":
        return None
    draw = Draw(seed, index, "death")
    years = (REFERENCE - birth.day).days / 365.2425
    if not draw.chance(next(share for age, share in _DEAD if years < age)):
        return None
    registered = _registered(seed, index)
    left = (REFERENCE - registered).days
    return registered + timedelta(days=int(left * draw.unit() ** 0.7)) if left > 1 else None


@lru_cache(maxsize=_KEPT)
def _registered(seed: int, index: int) -> date:
    """The day her record was made here: of some, the day of their birth."""
    birth = _birth(seed, index)
    draw = Draw(seed, index, "registered")
    if birth.day >= OLDEST_RECORD and draw.chance(_BORN_HERE):
        return birth.day
    return _between(draw, max(birth.day, OLDEST_RECORD), REFERENCE)


def born_here(seed: int, index: int) -> bool:
    """Whether her record begins with her birth."""
    return _registered(seed, index) == _birth(seed, index).day


def twin_of(seed: int, index: int) -> int | None:
    """The elder twin's index, for the younger of two twins."""
    return index - 1 if index % 2 and _are_twins(seed, index // 2) else None


def _are_twins(seed: int, pair: int) -> bool:
    return Draw(seed, pair, "twins").chance(0.012)


def _identity(seed: int, index: int) -> tuple[Birth, list[str]]:
    """Birth and first names. A homonym bears the names of somebody made shortly before."""
    birth = _birth(seed, index)
    elder = twin_of(seed, index)
    names = _first_names(seed, index, birth)
    if elder is not None:
        others = _first_names(seed, elder, _birth(seed, elder))
        attempt = 0
        while names[0] == others[0]:
            attempt += 1
            names = _first_names(seed, index, birth, attempt)
    elif (model := _homonym_of(seed, index)) is not None:
        other = _birth(seed, model)
        names = _first_names(seed, model, other)[:1] + names[1:]
        birth = Birth(other.sex, birth.day, birth.month, birth.place, other.family, birth.department)
    return birth, names


def _homonym_of(seed: int, index: int) -> int | None:
    draw = Draw(seed, index, "homonym")
    if index < 10 or _are_twins(seed, index // 2) or not draw.chance(0.012):
        return None
    return index - 2 - draw.below(8)


@lru_cache(maxsize=_KEPT)
def _birth(seed: int, index: int) -> Birth:
    elder = twin_of(seed, index)
    if elder is not None:
        first = _birth(seed, elder)
        sex = first.sex if Draw(seed, index, "twin sex").chance(0.6) else ("M" if first.sex == "F" else "F")
        return Birth(sex, first.day, first.month, first.place, first.family, first.department)
    draw = Draw(seed, index, "birth")
    home = group.house_of(seed, index // group.BLOCK).site.kind == "ehpad"
    days = int((draw.weighted(_OLD_AGES if home else _AGES) * 5 + draw.between(0, 5)) * 365.2425)
    day = REFERENCE - timedelta(days=1 + days)
    sex = "F" if draw.chance(0.51 + 0.0022 * max(0, days // 365 - 60)) else "M"
    family = draw.weighted(tables.family_names())
    if draw.chance(0.02):
        second = draw.weighted(tables.family_names()).name
        family = FamilyName(family.group, f"{family.name}{draw.pick('- ')}{second}")
    if draw.chance(_BORN_ABROAD[family.group]):
        place = draw.weighted(_ABROAD["fr" if family.group == "br" else family.group])
        # A register without day or month: the office wrote 1 January, and a real INS then has a month above 30.
        if family.group != "fr" and draw.chance(0.2):
            return Birth(sex, date(day.year, 1, 1), 30 + day.month, place, family, "99")
        return Birth(sex, day, day.month, place, family, "99")
    near = draw.chance(0.62)
    commune = draw.weighted(tables.communes(NEIGHBOURHOOD if near else ()))
    if draw.chance(0.004):
        day = date(day.year, 1, 1)
    return Birth(sex, day, day.month, (commune.insee, commune.name), family, commune.department)


def _first_names(seed: int, index: int, birth: Birth, attempt: int = 0) -> list[str]:
    draw = Draw(seed, index, "first names", attempt)
    group = "fr" if birth.family.group == "br" else birth.family.group
    if not draw.chance(_OWN_FIRST_NAMES[birth.family.group]):
        group = draw.pick(("ma", "pt", "af", "as")) if group == "fr" else "fr"
    table = tables.first_names(birth.sex, group, birth.day.year)
    names: list[str] = []
    wanted = 1 + draw.chance(0.7) + draw.chance(0.4)
    while len(names) < wanted:
        name = draw.weighted(table)
        if name not in names:
            names.append(name)
    return names


def _used_names(draw: Draw, birth: Birth, first_names: list[str], registered: date, end: date) -> list[Value]:
    """Name and first name used, only where they differ from those of birth (RNIV SI 21)."""
    values = []
    used_first, late = draw.chance(0.04), draw.chance(0.3)
    if used_first and len(first_names) > 1:
        values.append(Value("used_first_name", storage_case(first_names[1]), registered))
    wedding = birth.day + timedelta(days=int(draw.between(21, 36) * 365.2425))
    share = max(0.3, 0.88 - 0.012 * max(0, birth.day.year - 1940)) if birth.sex == "F" else 0.02
    if wedding < end and draw.chance(share):
        spouse = draw.weighted(tables.family_names()).name
        style = draw.unit()
        used = spouse
        if style < 0.09:
            used = f"{birth.family.name}-{spouse}" if style < 0.06 else f"{spouse}-{birth.family.name}"
        # Known here since the wedding, or since the record exists when she was married before.
        since = max(wedding, registered)
        divorce = since + timedelta(days=int(draw.between(1, 18) * 365.2425))
        ended = divorce if draw.chance(0.22) and divorce < end else None
        if storage_case(used) != storage_case(birth.family.name):
            values.append(Value("used_name", storage_case(used), since, ended))
            if ended is not None and late:
                again = storage_case(draw.weighted(tables.family_names()).name)
                if again not in (storage_case(used), storage_case(birth.family.name)):
                    values.append(Value("used_name", again, _between(draw, ended, end)))
    return values


def _statuses(draw: Draw, registered: date, end: date) -> tuple[list[Value], date | None]:
    """Status with its history, and since when an INS is held (récupérée and qualifiée have one)."""
    final = draw.weighted(_STATUSES)
    if end <= INS_SINCE:
        final = "validee"  # gone before the INS was called anywhere
    if final == "provisoire":
        return [Value("status", "provisoire", registered)], None
    if final == "validee":
        seen = _between(draw, registered, end)
        return [Value("status", "provisoire", registered, seen), Value("status", "validee", seen)], None
    called = _between(draw, max(registered, INS_SINCE), end)
    if final == "recuperee":
        return [Value("status", "provisoire", registered, called), Value("status", "recuperee", called)], called
    seen = _between(draw, registered, called)
    return [
        Value("status", "provisoire", registered, seen),
        Value("status", "validee", seen, called),
        Value("status", "qualifiee", called),
    ], called


def _contacts(seed: int, index: int, birth: Birth, first_name: str, known: tuple[date, date]) -> tuple[Value, ...]:
    """Phones, e-mails and addresses, former ones with their end. Phones and e-mails are one of a kind (`numbers`)."""
    draw = Draw(seed, index, "contacts")
    values: list[Value] = []
    home: Commune | None = None
    for since, until in _periods(draw, known, _ADDRESSES):
        home = draw.weighted(tables.communes(NEIGHBOURHOOD if draw.chance(0.93) else ()))
        street = f"{1 + draw.below(140)}{draw.pick(_EXTRAS)} {draw.pick(_STREETS)}"
        values.append(Value("address", f"{street}, {home.postal} {home.name}", since, until))
    born = birth.day.year
    if draw.chance(0.93 if born > 1940 else 0.62):
        for rank, (since, until) in enumerate(_periods(draw, known, _MOBILES)):
            values.append(Value("phone", numbers.phone(seed, "06", 2 * index + rank), since, until))
    if home is not None and draw.chance(0.25 if born > 1965 else 0.7):
        values.append(Value("phone", numbers.phone(seed, _zone(home.department), index), known[0]))
    if draw.chance(0.85 if born > 1960 else 0.5):
        for rank, (since, until) in enumerate(_periods(draw, known, _MAILBOXES)):
            who = _mailbox(first_name, birth.family.name)
            host = draw.pick(("example.org", "courriel.example", "poste.example"))
            values.append(Value("email", f"{who}{numbers.mail_number(seed, 2 * index + rank)}@{host}", since, until))
    return tuple(values)


def _periods(draw: Draw, known: tuple[date, date], counts: Weighted[int]) -> list[tuple[date, date | None]]:
    """One period or several that follow each other until now (or until she died)."""
    registered, end = known
    count = draw.weighted(counts)
    cuts = sorted({_between(draw, registered + timedelta(days=1), end) for _ in range(count - 1)})
    days = [registered, *(day for day in cuts if registered < day < end)]
    return list(zip(days, [*days[1:], None], strict=True))


def _between(draw: Draw, first: date, last: date) -> date:
    """A day from first, before last (first itself when nothing lies between)."""
    return first + timedelta(days=draw.below(max(1, (last - first).days)))


@lru_cache(maxsize=4096)
def _mailbox(first_name: str, family_name: str) -> str:
    both = f"{storage_case(first_name)}.{storage_case(family_name)}".lower()
    return re.sub(r"[^a-z.]", "", both)[:40]


def _zone(department: str) -> str:
    """The first two digits of a land line: five zones of departments."""
    return _ZONE_OF.get(department, "05")


_ZONE_OF = {one: zone for zone, departments in _ZONES.items() for one in departments.split()}
