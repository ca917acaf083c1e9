"""What the demo's charts hold: problems, allergies, vital signs, notes, appointments.

Every figure here (how often, since when) is invented for the demo. Times are relative to `today`.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from egide.rehearsal import body, census, diary, staff, tables, writing
from egide.rehearsal.body import Measure
from egide.rehearsal.census import Stay, at
from egide.rehearsal.diary import Meeting
from egide.rehearsal.draw import Draw
from egide.rehearsal.hospital import Account, Unit
from egide.rehearsal.people import Person
from egide.rehearsal.tables import ProblemKind, Weighted, weighted
from egide.rehearsal.writing import Note

CIM10 = "http://hl7.org/fhir/sid/icd-10"
_LASTING = ("C", "K70", "M16", "M17", "R54", "F00", "I69")
_OFTEN = 262.0
"""What divides the weights of long-lasting problems: the higher, the fewer a person has."""


class Problem(NamedTuple):
    """One problem; `key` names it within its person for ever."""

    key: str
    kind: ProblemKind
    onset: date
    ended: date | None
    recorded_at: datetime
    author: UUID


class Allergy(NamedTuple):
    """One allergy."""

    key: str
    code: str
    substance: str
    reaction: str
    severity: str
    recorded_at: datetime
    author: UUID


class Facts(NamedTuple):
    """All that is loaded of one person beside her identity."""

    stays: tuple[Stay, ...]
    problems: tuple[Problem, ...]
    allergies: tuple[Allergy, ...]
    measures: tuple[Measure, ...]
    notes: tuple[Note, ...]
    meetings: tuple[Meeting, ...]


class First(NamedTuple):
    """Where and when somebody was first seen here, by whom."""

    unit: Unit
    at: datetime
    physicians: Sequence[Account]


def facts(seed: int, count: int, person: Person, today: date) -> Facts:
    """Everything clinical about one person, as known on `today` (two weeks of rounds for somebody present)."""
    stays = census.stays(seed, count, person.index, today)
    first = _first(seed, count, person, stays)
    problems = _problems(seed, person, stays, first)
    kinds = [problem.kind for problem in problems]
    now = next((problem.kind for problem in problems if problem.key == "main/0"), None)
    meetings = diary.meetings(seed, count, person, today)
    return Facts(
        stays,
        problems,
        _allergies(seed, person, first),
        body.measures(seed, person, stays, kinds, now, today),
        writing.notes(seed, person, stays, {problem.key: problem.kind.label for problem in problems}, meetings, today),
        meetings,
    )


def _first(seed: int, count: int, person: Person, stays: tuple[Stay, ...]) -> First:
    unit = stays[-1].unit if stays else census.unit_of(seed, count, person.index)
    when = stays[-1].admitted_at if stays else at(person.registered, 9, 40)
    return First(unit, when, staff.of_unit(unit, "physician"))


def _problems(seed: int, person: Person, stays: tuple[Stay, ...], first: First) -> tuple[Problem, ...]:
    draw = Draw(seed, person.index, "problems")
    found: list[Problem] = []
    used: set[str] = set()
    for stay in stays:
        day = stay.admitted_at.date()
        table = _mains(stay.unit.slug, person.sex, person.age(day))
        if table is None:
            continue
        kind = draw.weighted(table)
        if kind.code in used:
            continue
        used.add(kind.code)
        onset = max(day - timedelta(days=draw.below(4)), person.birth_date)
        over = stay.discharged_at is not None and not kind.code.startswith(_LASTING)
        ended = max(stay.discharged_at.date(), onset) if stay.discharged_at is not None and over else None
        recorded = stay.admitted_at + timedelta(minutes=30 + draw.below(90))
        author = draw.pick(staff.of_unit(stay.unit, "physician")).id
        found.append(Problem(f"main/{stay.rank}", kind, onset, ended, recorded, author))
    return (*found, *_lasting(draw, person, first, used))


def _lasting(draw: Draw, person: Person, first: First, used: set[str]) -> list[Problem]:
    """Long-lasting problems and what once happened, as known when she was first seen."""
    age = person.age(first.at.date())
    often, table = _chronic(person.sex, age)
    found: list[Problem] = []
    if table is None:
        return found
    for _ in range(int(2 * often * draw.unit() + 0.5)):
        kind = draw.weighted(table)
        if kind.code in used:
            continue
        used.add(kind.code)
        years = draw.between(0.2, max(0.3, min(25, age - kind.youngest + 1)))
        onset = max(first.at.date() - timedelta(days=int(years * 365)), person.birth_date)
        recorded = first.at + timedelta(minutes=30 + draw.below(90))
        author = draw.pick(first.physicians).id
        found.append(Problem(f"{kind.role}/{kind.code}", kind, onset, None, recorded, author))
    return found


@lru_cache(maxsize=2048)
def _mains(word: str, sex: str, age: int) -> Weighted[ProblemKind] | None:
    """What brings somebody to a ward. Where nothing fits a child on an adults' ward, anything of it."""
    kinds = [kind for kind in tables.problem_kinds() if kind.role == "main" and kind.unit == word]
    fitting = [kind for kind in kinds if kind.fits(sex, age)] or ([] if word in ("mat", "ped") else kinds)
    return weighted(fitting, [kind.weight for kind in fitting]) if fitting else None


@lru_cache(maxsize=512)
def _chronic(sex: str, age: int) -> tuple[float, Weighted[ProblemKind] | None]:
    """How many long-lasting problems somebody has on average, and which."""
    kinds = [kind for kind in tables.problem_kinds() if kind.role != "main" and kind.fits(sex, age)]
    weights = [kind.weight for kind in kinds]
    return sum(weights) / _OFTEN, weighted(kinds, weights) if kinds else None


def _allergies(seed: int, person: Person, first: First) -> tuple[Allergy, ...]:
    draw = Draw(seed, person.index, "allergies")
    if not draw.chance(0.24):
        return ()
    found: dict[str, Allergy] = {}
    for _ in range(1 + draw.chance(0.2)):
        kind = draw.weighted(tables.allergy_kinds())
        author = draw.pick(first.physicians)
        recorded = first.at + timedelta(minutes=20 + draw.below(60))
        key = f"allergy/{kind.substance}"
        found[key] = Allergy(key, kind.code, kind.substance, kind.reaction, kind.severity, recorded, author.id)
    return tuple(found.values())
