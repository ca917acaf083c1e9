"""How much a person looks like what was typed: 0.4 name + 0.3 first name + 0.3 birth date, each from 0 to 1. Pure.

Strings are compared by Jaro-Winkler over every name the person bears or bore.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rapidfuzz.distance.JaroWinkler import similarity
from rapidfuzz.distance.OSA import distance

from egide.kernel import phonetics

SURE = 0.93
"""From here on, on the very date that was typed, a person is taken for the one looked for."""
NEAR = 0.78
"""From here on a person is near enough to be counted."""

_NAME, _FIRST, _DATE = 0.4, 0.3, 0.3
_HEARD, _BEGUN, _PIECE, _CROSSED, _SLIPPED = 0.95, 0.93, 0.97, 0.95, 0.85
_SHORT = 5  # up to this many letters Jaro-Winkler makes nothing of one slip: LO, OL
_SWAPPED, _ONE_DIGIT, _TWO_DIGITS = 0.9, 0.85, 0.7
OLDEST_YEAR = 1890


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A birth date as typed: day and month are None where only the year is known (RNIV PP 19)."""

    year: int
    month: int | None = None
    day: int | None = None

    @property
    def whole(self) -> date | None:
        """The date, when nothing is missing and it exists."""
        if self.month is None or self.day is None:
            return None
        try:
            return date(self.year, self.month, self.day)
        except ValueError:
            return None


def names(typed: Sequence[str], borne: Sequence[str]) -> float:
    """The best likeness between forms typed and forms borne (`phonetics.forms`): 0 without either."""
    best = 0.0
    for rank, one in enumerate(typed):
        heard = phonetics.key(one)
        for other in borne:
            if one == other:
                found = 1.0
            else:
                found = float(similarity(one, other))
                if found < _HEARD and heard and heard == phonetics.key(other):
                    found = _HEARD
                if found < _SLIPPED and len(one) <= _SHORT and distance(one, other, score_cutoff=1) <= 1:
                    found = _SLIPPED
                if found < _BEGUN and len(one) >= 3 and other.startswith(one):
                    found = _BEGUN
            if rank:
                found *= _PIECE  # one piece of what was typed says less than the whole
            best = max(best, found)
    return best


def dates(typed: PartialDate, borne: date) -> float:
    """1 the same (in all that was typed), 0.9 day and month swapped, 0.85 a digit, day or year off, 0.7 two digits."""
    if typed.year == borne.year and typed.month in (None, borne.month) and typed.day in (None, borne.day):
        return 1.0
    if typed.month is None or typed.day is None:
        return 0.0
    if (typed.year, typed.month, typed.day) == (borne.year, borne.day, borne.month):
        return _SWAPPED
    wrong = sum(a != b for a, b in zip(_digits(typed.year, typed.month, typed.day), _iso(borne), strict=True))
    whole = typed.whole
    if wrong == 1 or (whole is not None and _beside(whole, borne)):
        return _ONE_DIGIT
    return _TWO_DIGITS if wrong == 2 else 0.0


def score(
    name: Sequence[str], first: Sequence[str], born: PartialDate | None,
    names_borne: Sequence[str], firsts_borne: Sequence[str], born_on: date | None,
) -> float:  # fmt: skip
    """From 0 to 1, over what was typed only: what was left empty neither helps nor harms."""
    total, weight = 0.0, 0.0
    if name and first:
        straight = _NAME * names(name, names_borne) + _FIRST * names(first, firsts_borne)
        crossed = _CROSSED * (_NAME * names(name, firsts_borne) + _FIRST * names(first, names_borne))
        total, weight = max(straight, crossed), _NAME + _FIRST
    elif name or first:
        # one field alone: people type the first name in the name's place
        typed, straight_borne, other = (name, names_borne, firsts_borne) if name else (first, firsts_borne, names_borne)
        part = _NAME if name else _FIRST
        total, weight = part * max(names(typed, straight_borne), _CROSSED * names(typed, other)), part
    if born is not None:
        total += _DATE * (dates(born, born_on) if born_on is not None else 0.0)
        weight += _DATE
    return total / weight if weight else 0.0


def neighbours(day: date, last: date) -> Iterator[date]:
    """Dates that a slip of the hand makes of this one: one digit, day and month swapped, a day, a year or ten off.

    Each once, none after `last` or before 1890, the day itself left out.
    """
    seen = {day}
    for other in _slips(day):
        if other is not None and other not in seen and OLDEST_YEAR <= other.year <= last.year and other <= last:
            seen.add(other)
            yield other


def _slips(day: date) -> Iterator[date | None]:
    yield _made(day.year, day.day, day.month)
    yield day + timedelta(days=1)
    yield day - timedelta(days=1)
    for years in (1, -1, 10, -10):
        yield _made(day.year + years, day.month, day.day)
    text = _iso(day)
    for at, digit in enumerate(text):
        for other in "0123456789":
            if other != digit:
                changed = text[:at] + other + text[at + 1 :]
                yield _made(int(changed[:4]), int(changed[4:6]), int(changed[6:]))


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _beside(one: date, other: date) -> bool:
    if abs((one - other).days) == 1:
        return True
    return (one.month, one.day) == (other.month, other.day) and abs(one.year - other.year) in (1, 10)


def _digits(year: int, month: int, day: int) -> str:
    return f"{year:04}{month:02}{day:02}"


def _iso(day: date) -> str:
    return _digits(day.year, day.month, day.day)
