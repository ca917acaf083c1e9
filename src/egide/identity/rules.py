"""Rules on traits, pure (RNIV 01 v2.0)."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

_STRANGE = re.compile(r"[^A-Z0-9'\- ]+")
_SPACES = re.compile(r" {2,}")
_LIGATURES = str.maketrans({"Œ": "OE", "Æ": "AE", "ß": "SS", "Ø": "O", "Ł": "L", "Đ": "D", "’": "'", "ʼ": "'"})


def storage_case(name: str) -> str:
    """A name as RNIV stores it: upper case, no diacritics, hyphens and apostrophes kept, the rest becomes a space.

    Digits stay: RNIV has none, but without them the people of a de-identified set would all bear one name.
    """
    upper = name.replace("ß", "SS").upper().translate(_LIGATURES)
    plain = "".join(c for c in unicodedata.normalize("NFKD", upper) if not unicodedata.combining(c))
    return _SPACES.sub(" ", _STRANGE.sub(" ", plain.translate(_LIGATURES))).strip(" ")


def unknown_day(year: int, month: int | None, day: int | None) -> date:
    """The date stored when part of it is unknown (RNIV PP 19): 01/MM, JJ/01, 31/12. ValueError when there is none."""
    if month is None and day is None:
        return date(year, 12, 31)
    return date(year, month or 1, day or 1)


# Trait or contact → the field of the keeper's protocol under which its tokens are made.
_FOUND_BY = {
    "birth_name": "birth_name", "used_name": "used_name", "first_name": "first_names", "used_first_name": "first_names",
    "birth_date": "birth_date", "ins": "ins", "ipp": "ipp", "phone": "phones",
}  # fmt: skip


def found_by(values: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """What a person is found by, present and past, from (kind, value) pairs; other kinds and odd dates are left out."""
    found: dict[str, list[str]] = {}
    for kind, value in values:
        field = _FOUND_BY.get(kind)
        if field is not None and (kind != "birth_date" or _is_day(value)) and len(value) <= _LONGEST:
            kept = found.setdefault(field, [])
            if value not in kept and len(kept) < _MOST:
                kept.append(value)
    return found


_LONGEST = 400
_MOST = 20


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Told:
    """One value of a trait or of a contact as another system tells it, and the days between which it held."""

    kind: str
    value: str
    since: date | None = None
    until: date | None = None
