"""Who lies in which bed of the demo, and where everybody else was: from seed, number of people and index alone.

Beds are given out without a list: bed b takes the first adult of a sequence of people that belongs to it, found by a
shuffle that is undone for one person at a time.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from egide.rehearsal import hospital, numbers, people
from egide.rehearsal.draw import Draw, shuffle, unshuffle
from egide.rehearsal.hospital import Bed, Unit

PARIS = ZoneInfo("Europe/Paris")
ADULT = 16
DAYS_MEASURED = 14
_TAKEN = tuple((unit, bed) for unit in hospital.UNITS for bed in unit.beds[: unit.occupied])


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay in one unit; still there while `discharged_at` is None. `rank` numbers a person's stays, newest 0."""

    rank: int
    nda: str
    unit: Unit
    bed: Bed | None
    admitted_at: datetime
    discharged_at: datetime | None


def place(seed: int, count: int, index: int) -> tuple[Unit, Bed] | None:
    """The bed where person `index` of `count` lies, or None. Never more people than beds; adults only."""
    beds = min(len(_TAKEN), count)
    turn, bed = divmod(unshuffle(index, count, seed, "beds"), beds)
    if not _adult(seed, index):
        return None
    for earlier in range(turn):
        if _adult(seed, shuffle(earlier * beds + bed, count, seed, "beds")):
            return None
    return _TAKEN[bed]


def unit_of(seed: int, count: int, index: int) -> Unit:
    """The unit a person belongs to: her bed's, or where she was."""
    lies = place(seed, count, index)
    return lies[0] if lies is not None else Draw(seed, index, "unit").pick(hospital.UNITS)


def stays(seed: int, count: int, index: int, today: date) -> tuple[Stay, ...]:
    """A person's stays, newest first: the present one, if she lies in a bed, and up to two that ended before today."""
    lies = place(seed, count, index)
    unit = unit_of(seed, count, index)
    draw = Draw(seed, index, "stays")
    found: list[Stay] = []
    # A few left this week; most, months ago.
    away = 1 + draw.below(6) if draw.chance(0.05) else 8 + int(900 * draw.unit() ** 1.6)
    before = today - timedelta(days=away)
    wanted = 1 + draw.chance(0.35)
    if lies is not None:
        admitted = today - timedelta(days=DAYS_MEASURED + int(7 * draw.unit() ** 2))
        found.append(Stay(0, numbers.nda(seed, index, 0), unit, lies[1], at(admitted, *_arrival(draw, unit)), None))
        before = admitted - timedelta(days=20 + int(700 * draw.unit()))
        wanted = int(draw.chance(0.4))
    for _ in range(wanted):
        rank = len(found)
        length = 1 + int(9 * draw.unit() ** 1.5)
        arrived = before - timedelta(days=length)
        left = at(before, 10 + draw.below(6), draw.below(60))
        found.append(Stay(rank, numbers.nda(seed, index, rank), unit, None, at(arrived, *_arrival(draw, unit)), left))
        before = arrived - timedelta(days=30 + int(500 * draw.unit()))
    return tuple(found)


def at(day: date, hour: int, minute: int) -> datetime:
    """An hour of the clinic's clock, as UTC."""
    return datetime.combine(day, time(hour, minute), PARIS).astimezone(UTC)


def _arrival(draw: Draw, unit: Unit) -> tuple[int, int]:
    """Surgery's patients mostly come in the morning; medicine's at any hour of the day and evening."""
    hours = (7, 5) if unit is hospital.SURGERY else (9, 13)
    return hours[0] + draw.below(hours[1]), draw.below(60)


def _adult(seed: int, index: int) -> bool:
    return people.REFERENCE.year - people.birth_year(seed, index) > ADULT
