"""Rules on traits, pure (RNIV 01 v2.0)."""

import re
import unicodedata

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
