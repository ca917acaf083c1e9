"""Acts over people: which ask one yes or two, for how long, and by whom. Loaded into the base; SQL alone decides there.

`self` is the person concerned, `head` the cadre or chief of one of her units, `guard` her site's administrateur de
garde, `colleague` somebody who shares a unit with her.
"""

from typing import Final, NamedTuple

OFFICES: Final = ("administrator", "dpo", "rssi")
"""Professions that read no patient: alone on their account, for ever (no clinical superuser)."""

HOUR, DAY = 3600, 86_400


class Kind(NamedTuple):
    """One act: how many say yes (the asker is the first), seconds it waits, who asks, who says the second yes."""

    kind: str
    yeses: int
    seconds: int
    asks: tuple[str, ...]
    says: tuple[str, ...] = ()


ACTS: Final = (
    Kind("create_person", 2, 7 * DAY, ("administrator",), ("administrator", "rssi", "head")),
    Kind("grant", 2, 7 * DAY, ("administrator",), ("administrator", "rssi", "head")),
    Kind("end_membership", 2, 7 * DAY, ("administrator",), ("administrator", "rssi", "head")),
    Kind("end_person", 2, 7 * DAY, ("administrator",), ("administrator", "rssi", "dpo")),
    # one is enough to stop somebody, never to let somebody back
    Kind("suspend", 1, 300, ("administrator", "rssi")),
    Kind("reinstate", 2, DAY, ("administrator", "rssi"), ("administrator", "rssi", "dpo")),
    Kind("lose_key", 1, 300, ("self", "administrator", "rssi", "head", "guard")),
    Kind("hand_key", 2, HOUR, ("administrator", "head", "guard"), ("administrator", "head", "guard", "colleague")),
    Kind("appoint", 2, 7 * DAY, ("administrator",), ("administrator", "rssi", "dpo", "head")),
    Kind("dismiss", 2, 7 * DAY, ("administrator",), ("administrator", "rssi", "dpo", "head")),
    Kind("call_off", 1, 300, ("administrator", "rssi", "dpo")),
)


def may_administer(profession: str) -> bool:
    """Whether a profession finds the staff in its menu; SQL decides at each request."""
    return profession in OFFICES
