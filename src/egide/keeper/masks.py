"""What of a contact stands on a screen until somebody asks for it: enough to be confirmed by who says it, no more."""

import re

from egide.kernel import tokens

_TOWN = re.compile(r"\b([0-9]{5})\b[\s,]*(.*)", re.DOTALL)


def mask(kind: str, value: str) -> str:
    """The mask of a phone, email, address or ins; `••••` when nothing of it can be left."""
    made = {"phone": mask_phone, "email": mask_email, "address": mask_address, "ins": mask_number}[kind](value)
    return made or "••••"


def mask_phone(value: str | None) -> str | None:
    """`06 •• •• •• 42`."""
    digits = tokens.plain_phone(value or "")
    return f"{digits[:2]} •• •• •• {digits[-2:]}" if len(digits) == 10 else ("••••" if digits else None)


def mask_number(value: str | None) -> str | None:
    """First and last two characters of an identifier."""
    plain = tokens.plain_number(value or "")
    return f"{plain[:1]}{'•' * (len(plain) - 3)}{plain[-2:]}" if len(plain) > 6 else None


def mask_email(value: str) -> str | None:
    """`j•••@•••.fr`: the first letter and the country, nothing of the house."""
    name, at, house = value.strip().partition("@")
    if not (name and at and "." in house):
        return None
    return f"{name[0]}•••@•••.{house.rsplit('.', 1)[1][:10]}"


def mask_address(value: str) -> str | None:
    """`•••, 29200 Brest`: the town; neither street nor number."""
    found = _TOWN.search(value)
    return f"•••, {found[1]} {found[2].strip()}".strip()[:80] if found else None
