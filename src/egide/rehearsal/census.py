"""Who lies in which bed of the demo, and where everybody else was: from seed, number of people and index alone.

Beds are given out without a list of people: a site's beds are shared among its blocks of 200, and a block's people
whose age and sex fit take them in an order of their own.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from egide.rehearsal import group, numbers, people
from egide.rehearsal.draw import Draw, shuffle
from egide.rehearsal.hospital import Bed, Unit
from egide.rehearsal.people import Birth

PARIS = ZoneInfo("Europe/Paris")
ADULT = 17
DAYS_MEASURED = 14
# Word of a ward → ages at REFERENCE (years, both ends included) and sex of who lies there.
_LIES = {
    "med": (ADULT, 110, "-"), "chir": (ADULT, 110, "-"), "mat": (18, 45, "F"), "ped": (0, 15, "-"),
    "ssr": (45, 110, "-"), "res": (70, 110, "-"),
}  # fmt: skip
_MOST_STAYS = 6
# How many stays ended before today, of somebody received at a site with wards.
_PAST = (0.53, 0.81, 0.93, 0.975, 0.99)


class Stay(NamedTuple):
    """One stay in one unit; still there while `discharged_at` is None. `rank` numbers a person's stays, newest 0."""

    rank: int
    nda: str
    unit: Unit
    bed: Bed | None
    admitted_at: datetime
    discharged_at: datetime | None


def place(seed: int, count: int, index: int) -> tuple[Unit, Bed] | None:
    """The bed where person `index` of `count` lies, or None. Never more people than beds; nobody who has died."""
    return _lying(seed, count, index // group.BLOCK).get(index)


@lru_cache(maxsize=16)
def _lying(seed: int, count: int, block: int) -> dict[int, tuple[Unit, Bed]]:
    house = group.house_of(seed, block)
    blocks = group.blocks_of(seed, count, house)
    if block not in blocks:
        return {}
    mine = _taken(house)[blocks.index(block) :: len(blocks)]
    first, size = block * group.BLOCK, min(group.BLOCK, count - block * group.BLOCK)
    waiting = [first + shuffle(rank, size, seed, f"block{block}") for rank in range(size)] if mine else []
    found: dict[int, tuple[Unit, Bed]] = {}
    for unit, bed in mine:
        for index in waiting:
            if index not in found and fits(unit, people.birth_of(seed, index)) and not people.died_on(seed, index):
                found[index] = (unit, bed)
                break
    return found


@lru_cache(maxsize=32)
def _taken(house: group.House) -> tuple[tuple[Unit, Bed], ...]:
    return tuple((unit, bed) for unit in house.wards for bed in unit.beds[: unit.occupied])


def fits(unit: Unit, birth: Birth) -> bool:
    """Whether somebody of this birth and sex may lie in a ward."""
    youngest, oldest, sex = _LIES[unit.slug]
    years = (people.REFERENCE - birth.day).days / 365.2425
    return youngest <= years < oldest + 1 and sex in ("-", birth.sex)


def unit_of(seed: int, count: int, index: int) -> Unit:
    """The unit a person belongs to: her bed's, or where she was; of somebody who never stayed, where she comes."""
    lies = place(seed, count, index)
    if lies is not None:
        return lies[0]
    house = group.house_of(seed, index // group.BLOCK)
    draw = Draw(seed, index, "unit")
    if not house.wards:
        return draw.pick(house.consultations)
    birth = people.birth_of(seed, index)
    fitting = [unit for unit in house.wards if fits(unit, birth)]
    if people.born_here(seed, index):
        fitting = [unit for unit in house.wards if unit.slug == "mat"] or fitting
    return draw.pick(fitting or house.wards)


def stays(seed: int, count: int, index: int, today: date) -> tuple[Stay, ...]:
    """A person's stays, newest first: the present one, if she lies in a bed, and those that ended before today.

    None for somebody whom a health centre received; the last one of who died here ends with her death.
    """
    lies = place(seed, count, index)
    unit = unit_of(seed, count, index)
    if not unit.beds:
        return ()
    draw = Draw(seed, index, "stays")
    born = people.birth_of(seed, index).day
    found: list[Stay] = []
    chance = draw.unit()
    wanted = 1 + sum(chance > share for share in _PAST)
    if lies is not None:
        length = DAYS_MEASURED + int((7 if unit.kind == "ward" else 900) * draw.unit() ** 2)
        admitted = max(today - timedelta(days=length), born)
        found.append(Stay(0, numbers.nda(seed, index, 0), unit, lies[1], at(admitted, *_arrival(draw, unit)), None))
        before = admitted - timedelta(days=20 + int(700 * draw.unit()))
        wanted = (wanted - 1) // 2
    else:
        before = _last_day(draw, seed, index, today)
    while wanted and len(found) < _MOST_STAYS:
        length = 1 + int(9 * draw.unit() ** 1.5)
        arrived = before - timedelta(days=length)
        if arrived < born:
            if found:
                break
            arrived, before = born, max(before, born + timedelta(days=1))
        rank = len(found)
        left = at(before, 10 + draw.below(6), draw.below(60))
        found.append(Stay(rank, numbers.nda(seed, index, rank), unit, None, at(arrived, *_arrival(draw, unit)), left))
        before = arrived - timedelta(days=30 + int(500 * draw.unit()))
        wanted -= 1
    return tuple(found)


def _last_day(draw: Draw, seed: int, index: int, today: date) -> date:
    """When the last of her stays ended: a few this week, most months ago; at her death, or days after her birth."""
    died = people.died_on(seed, index)
    if died is not None:
        return died if draw.chance(0.4) else died - timedelta(days=20 + draw.below(600))
    if people.born_here(seed, index):
        return people.birth_of(seed, index).day + timedelta(days=3 + draw.below(3))
    away = 1 + draw.below(6) if draw.chance(0.03) else 8 + int(1500 * draw.unit() ** 1.6)
    return today - timedelta(days=away)


def at(day: date, hour: int, minute: int) -> datetime:
    """An hour of the clinic's clock, as UTC; on the two days when clocks change, by the afternoon's."""
    return _midnight(day) + timedelta(hours=hour, minutes=minute)


@lru_cache(maxsize=16384)
def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(12), PARIS).astimezone(UTC) - timedelta(hours=12)


def _arrival(draw: Draw, unit: Unit) -> tuple[int, int]:
    """Surgery's patients mostly come in the morning; the others' at any hour of the day and evening."""
    hours = (7, 5) if unit.slug == "chir" else (9, 13)
    return hours[0] + draw.below(hours[1]), draw.below(60)
