"""What somebody typed to find a person, as the finder compares it; and which way of searching it is."""

from dataclasses import dataclass
from typing import Any

from egide.kernel import clock, likeness, phonetics, tokens
from egide.kernel.likeness import PartialDate

LETTERS = 3  # fewer, with a birth date, name too many
_LONGEST = 120


class Unclear(Exception):
    """What was typed does not suffice for a search, or makes no sense: a code for the page."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed, as forms. `born` is None for a search by number."""

    name: tuple[str, ...]
    first: tuple[str, ...]
    born: PartialDate | None
    ins: str
    ipp: str
    place: str
    phone: str = ""

    @property
    def door(self) -> str:
        """date, number, phone or year; raises Unclear when not enough was typed."""
        if self.phone:
            return "phone"
        if self.ins or self.ipp:
            return "number"
        typed = sum(len(one[0]) for one in (self.name, self.first) if one)
        if self.born is None or typed < LETTERS:
            raise Unclear("incomplete")
        if self.born.month is not None and self.born.day is not None:
            if self.born.whole is None:
                raise Unclear("no_such_day")
            return "date"
        if not (self.name and self.first):
            raise Unclear("both_names")
        return "year"


def parse(typed: dict[str, Any]) -> Typed:
    """What the web sent: name, first_name, birth_date ("1952-03-12"; `??`: unknown part), ins, ipp, phone, place."""
    known = {"name", "first_name", "birth_date", "ins", "ipp", "phone", "place"}
    texts = {key: typed.get(key) or "" for key in known}
    if not set(typed) <= known or not all(isinstance(one, str) and len(one) <= _LONGEST for one in texts.values()):
        raise Unclear("bad_request")
    return Typed(
        name=phonetics.forms(texts["name"]),
        first=phonetics.forms(texts["first_name"]),
        born=_born(texts["birth_date"]),
        ins=tokens.plain_number(texts["ins"]),
        ipp=tokens.plain_number(texts["ipp"]),
        place=phonetics.letters(texts["place"]),
        phone=tokens.plain_phone(texts["phone"]),
    )


def _born(text: str) -> PartialDate | None:
    if not text:
        return None
    year, _, rest = text.partition("-")
    month, _, day = rest.partition("-")
    try:
        found = PartialDate(
            int(year), None if month in ("", "??") else int(month), None if day in ("", "??") else int(day)
        )
    except ValueError:
        raise Unclear("no_such_day") from None
    if not likeness.OLDEST_YEAR <= found.year <= clock.today().year:
        raise Unclear("no_such_day")
    if (found.month is not None and not 1 <= found.month <= 12) or (found.day is not None and not 1 <= found.day <= 31):
        raise Unclear("no_such_day")
    return found
