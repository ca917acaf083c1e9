"""The demo's tables: names, communes, problems, allergies. What came from where: `data/SOURCE.md`."""

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Weighted(Generic[T]):
    """Things with the running sum of their weights, ready to be drawn from."""

    items: tuple[T, ...]
    sums: tuple[float, ...]


def weighted(items: list[T], weights: list[float]) -> Weighted[T]:
    """Pair items with weights; refuses a set without any positive weight."""
    sums = tuple(accumulate(weights))
    if not sums or sums[-1] <= 0:
        raise ValueError("no weight to draw from")
    return Weighted(tuple(items), sums)


@dataclass(frozen=True, slots=True)
class FirstName:
    """One first name with the bell of its years; a name may have two bells (Louise, Paul)."""

    sex: str
    group: str
    name: str
    peak: float
    spread: float
    level: float

    def weight(self, year: int) -> float:
        """Relative weight among births of one year (invented for the demo)."""
        return self.level * math.exp(-(((year - self.peak) / self.spread) ** 2)) + self.level * 0.0004


@dataclass(frozen=True, slots=True)
class FamilyName:
    """One family name and the group its first names are mostly drawn from."""

    group: str
    name: str


@dataclass(frozen=True, slots=True)
class Commune:
    """One commune: INSEE code, a postal code, name."""

    insee: str
    postal: str
    name: str

    @property
    def department(self) -> str:
        """Two characters: 01 to 95, 2A, 2B; 97 for all of overseas."""
        return self.insee[:2]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a problem adds to a measure; fading ones lose it with the days of the stay."""

    measure: str
    amount: float
    fades: bool


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One CIM-10 code as the demo uses it: where it is met, by whom, and what it does to the vital signs."""

    code: str
    label: str
    unit: str
    role: str
    sex: str
    youngest: int
    oldest: int
    weight: float
    effects: tuple[Effect, ...]

    def fits(self, sex: str, age: int) -> bool:
        """Whether somebody of this sex and age (years) may have it in the demo."""
        return self.youngest <= age <= self.oldest and self.sex in ("-", sex)


@dataclass(frozen=True, slots=True)
class AllergyKind:
    """One allergy: CIM-10 code of the history, substance, reaction, severity (mild, moderate, severe)."""

    code: str
    substance: str
    reaction: str
    severity: str


def rows(name: str) -> list[list[str]]:
    """The lines of a table of `data/`, cut at tabs, without headings."""
    text = (files("egide.rehearsal") / "data" / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


@cache
def _first_names() -> tuple[FirstName, ...]:
    return tuple(
        FirstName(sex, group, name, float(peak), float(spread), float(level))
        for sex, group, name, peak, spread, level in rows("first_names.tsv")
    )


@cache
def first_names(sex: str, group: str, year: int) -> Weighted[str]:
    """First names given to one sex in one group and year."""
    names = [row for row in _first_names() if row.sex == sex and row.group == group]
    return weighted([row.name for row in names], [row.weight(year) for row in names])


@cache
def family_names() -> Weighted[FamilyName]:
    """All family names."""
    lines = rows("family_names.tsv")
    return weighted([FamilyName(group, name) for group, name, _ in lines], [float(weight) for *_, weight in lines])


@cache
def communes(departments: tuple[str, ...] = ()) -> Weighted[Commune]:
    """Communes weighted by inhabitants, of the departments named, or of all France."""
    lines = [row for row in rows("communes.tsv") if not departments or row[0][:2] in departments]
    return weighted([Commune(*row[:3]) for row in lines], [float(row[3]) for row in lines])


@cache
def problem_kinds() -> tuple[ProblemKind, ...]:
    """All problems, in the table's order."""
    return tuple(
        ProblemKind(code, label, unit, role, sex, int(low), int(high), float(weight), _effects(effects))
        for code, label, unit, role, sex, low, high, weight, effects in rows("problems.tsv")
    )


@cache
def allergy_kinds() -> Weighted[AllergyKind]:
    """All allergies."""
    lines = rows("allergies.tsv")
    return weighted([AllergyKind(*row[:4]) for row in lines], [float(row[4]) for row in lines])


def _effects(text: str) -> tuple[Effect, ...]:
    effects = []
    for part in text.split():
        measure, amount = part.split(":")
        effects.append(Effect(measure, float(amount.lstrip("!")), amount.startswith("!")))
    return tuple(effects)
