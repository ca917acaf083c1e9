"""Vital signs of the demo: one person's means, what her problems add, and how a day and a stay move them.

Every figure here (baselines, rhythms, how often) is invented for the demo.
"""

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from egide.kernel.codes import BY_SLUG
from egide.rehearsal import staff
from egide.rehearsal.census import DAYS_MEASURED, PARIS, Stay, at
from egide.rehearsal.draw import Draw
from egide.rehearsal.hospital import Unit
from egide.rehearsal.people import Person
from egide.rehearsal.tables import ProblemKind

_FADING_DAYS = 2.4
_HOURS = ((7, 30), (14, 20), (21, 10))
_NIGHT = (2, 40)
_REMARKS = ("après la toilette", "au repos", "après la marche", "brassard large", "bras gauche", "patient anxieux")
# What each round measures beside the blood pressure: morning, afternoon, evening, night.
_ROUNDS = (
    ("pulse", "temperature", "spo2", "respiratory_rate", "pain"),
    ("pulse", "temperature", "spo2"),
    ("pulse", "temperature", "spo2", "pain"),
    ("pulse", "spo2", "respiratory_rate"),
)
# How each measure swings over the day around its mean: (amplitude, hour of the summit).
_SWING = {
    "systolic": (6.0, 17.0),
    "diastolic": (4.0, 17.0),
    "pulse": (4.0, 16.0),
    "temperature": (0.28, 18.0),
    "spo2": (0.4, 15.0),
    "respiratory_rate": (0.6, 16.0),
}
_NOISE = {"systolic": 6.0, "diastolic": 4.0, "pulse": 4.0, "temperature": 0.14, "spo2": 0.8, "respiratory_rate": 1.0}
# Wider than health, narrower than the impossible: what a ward sees.
_SPAN = {
    "systolic": (78, 214),
    "diastolic": (42, 118),
    "pulse": (44, 152),
    "temperature": (35.6, 40.4),
    "spo2": (82, 100),
    "respiratory_rate": (10, 38),
    "pain": (0, 10),
    "weight": (3, 190),
}


class Measure(NamedTuple):
    """One measured value, in the unit of its vital sign; the measures of one round share `round_key`."""

    key: str
    slug: str
    value: float
    taken_at: datetime
    recorded_at: datetime
    author: UUID
    round_key: str
    comment: str | None


def measures(
    seed: int, person: Person, stays: Sequence[Stay], kinds: Sequence[ProblemKind], now: ProblemKind | None, today: date
) -> tuple[Measure, ...]:
    """What was measured during these stays. `kinds`: all her problems; `now`: what brought her to the newest one."""
    if not stays:
        return ()
    body = _Body(seed, person, kinds, now, today)
    found: list[Measure] = []
    for stay in stays:
        if stay.discharged_at is None:
            found += _ward_rounds(seed, person, stay, body, today)
        else:
            found += _past_rounds(seed, person, stay, body)
    return tuple(found)


def _ward_rounds(seed: int, person: Person, stay: Stay, body: "_Body", today: date) -> list[Measure]:
    """Three rounds a day, a night one in the first three days, over the last two weeks until yesterday evening."""
    first = today - timedelta(days=DAYS_MEASURED)
    found: list[Measure] = []
    for number in range(DAYS_MEASURED):
        day = first + timedelta(days=number)
        draw = Draw(seed, person.index, "rounds", number)
        rounds = [*enumerate(_HOURS), *([(3, _NIGHT)] if 0 < number <= 3 else [])]
        for kind, (hour, minute) in rounds:
            taken = at(day, hour, minute) + timedelta(minutes=int(draw.between(-25, 25)))
            if taken <= stay.admitted_at:
                continue
            slugs = list(_ROUNDS[kind])
            if kind == 0 and number % 2 == 0:
                slugs.append("weight")
            if kind == 0 and number == 1:
                slugs.append("height")
            found += _round(draw, body, stay.unit, f"round/{number}/{kind}", taken, number + hour / 24, slugs)
    return found


def _past_rounds(seed: int, person: Person, stay: Stay, body: "_Body") -> list[Measure]:
    """What a past stay left: a round on arrival; rarely another before leaving."""
    if stay.discharged_at is None:
        return []
    draw = Draw(seed, person.index, "past rounds", stay.rank)
    arrival = stay.admitted_at + timedelta(minutes=15 + draw.below(40))
    key = f"past/{stay.rank}"
    slugs = ["pulse", "temperature", "spo2", *(["weight", "height"] if draw.chance(0.06) else [])]
    found = _round(draw, body, stay.unit, f"{key}/arrival", arrival, 0.3, slugs)
    leaving = stay.discharged_at - timedelta(minutes=60 + draw.below(90))
    if leaving > arrival and draw.chance(0.03):
        days = (stay.discharged_at - stay.admitted_at) / timedelta(days=1)
        found += _round(draw, body, stay.unit, f"{key}/leaving", leaving, days, ["pulse", "temperature", "spo2"])
    return found


def _round(
    draw: Draw, body: "_Body", unit: Unit, key: str, taken: datetime, days: float, slugs: list[str]
) -> list[Measure]:
    author = draw.pick(staff.of_unit(unit, "nurse")).id
    recorded = taken + timedelta(minutes=1 + draw.below(12))
    comment = draw.pick(_REMARKS) if draw.chance(0.03) else None
    hour = taken.astimezone(PARIS).hour + taken.minute / 60
    values = body.measure(draw, days, hour, ["systolic", "diastolic", *slugs])
    return [
        Measure(f"{key}/{slug}", slug, value, taken, recorded, author, key, comment if slug == "systolic" else None)
        for slug, value in values.items()
    ]


class _Body:
    """One person's means and what her problems add to them."""

    def __init__(
        self, seed: int, person: Person, kinds: Sequence[ProblemKind], now: ProblemKind | None, today: date
    ) -> None:
        draw = Draw(seed, person.index, "body")
        age = max(0, person.age(today))
        grown = min(1.0, 0.33 + age / 27)
        height = (draw.normal(176, 7) if person.sex == "M" else draw.normal(163, 6.5)) * grown - max(0, age - 60) * 0.08
        mass = min(38.0, max(16.5, draw.normal(25.2 if age > 20 else 19.0, 3.6)))
        self._means = {
            "systolic": draw.normal(104 + 0.34 * min(age, 85), 8),
            "diastolic": draw.normal(70 + 0.1 * min(age, 60), 5),
            "pulse": draw.normal(74 + max(0, 16 - age) * 2.2, 7),
            "temperature": draw.normal(36.7, 0.15),
            "spo2": draw.normal(97.4 - max(0, age - 60) * 0.025, 0.7),
            "respiratory_rate": draw.normal(15.5 + max(0, 14 - age) * 0.7, 1.2),
            "pain": 0.6,
            "weight": mass * (height / 100) ** 2,
            "height": height,
        }
        self._fading: dict[str, float] = {}
        self._irregular = 0.0
        for kind in kinds:
            for effect in kind.effects:
                if effect.measure == "irregular":
                    self._irregular = effect.amount
                elif not effect.fades:
                    self._means[effect.measure] += effect.amount
                elif kind is now:
                    self._fading[effect.measure] = self._fading.get(effect.measure, 0.0) + effect.amount

    def measure(self, draw: Draw, days: float, hour: float, slugs: list[str]) -> dict[str, float]:
        """Values of one round, `days` after the first one, rounded as they are shown; pressures stay 20 mmHg apart."""
        left = math.exp(-days / _FADING_DAYS)
        fever = max(0.0, self._fading.get("temperature", 0.0)) * left
        found: dict[str, float] = {}
        for slug in slugs:
            mean = self._means[slug] + self._fading.get(slug, 0.0) * left
            if slug == "height":
                value = mean
            elif slug == "weight":
                value = mean + draw.normal(0, 0.25)
            elif slug == "pain":
                value = mean + max(0.0, draw.normal(0, 0.9))
            else:
                amplitude, summit = _SWING[slug]
                value = mean + amplitude * math.cos((hour - summit) / 12 * math.pi)
                spread = _NOISE[slug] + (self._irregular if slug == "pulse" else 0.0)
                # A fever comes in peaks, so its noise is larger while it lasts.
                value += draw.normal(0, spread + (0.35 * fever if slug == "temperature" else 0.0))
            if slug == "diastolic":
                value = min(value, found.get("systolic", 300.0) - 20)
            low, high = _SPAN.get(slug, (20, 260))
            sign = BY_SLUG[slug]
            found[slug] = round(min(max(value, low), high), sign.decimals)
        return found
