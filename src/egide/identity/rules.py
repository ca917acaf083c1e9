"""Rules on traits, pure (RNIV 01 v2.0)."""

import re
import unicodedata
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


@dataclass(frozen=True, slots=True)
class Told:
    """One value of a trait or of a contact as another system tells it, and the days between which it held."""

    kind: str
    value: str
    since: date | None = None
    until: date | None = None
