"""Signs that are read aloud or copied by hand: Crockford's base 32, no letter that is taken for another sign."""

import secrets
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
AS_READ: Final = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})


def drawn(count: int) -> str:
    """So many signs at random, five bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def meant(typed: str) -> str:
    """What somebody typed of them, as it was drawn: upper case, without spaces or dashes, 0 and 1 for O, I and L."""
    return typed.upper().translate(AS_READ)
