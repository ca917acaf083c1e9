"""Acts over people: which ask one yes or two, for how long, and by whom. Loaded into the base; SQL alone decides there.

`self` is the person concerned, `head` the cadre or chief of one of her units, `guard` her site's administrateur de
garde, `colleague` somebody who shares a unit with her; `site_<profession>` somebody of that profession whose account
is of the act's site.
"""

from typing import Final, NamedTuple

OFFICES: Final = ("administrator", "dpo", "rssi", "identity_cell")
"""Professions that open no chart: alone on their account, for ever (no clinical superuser); granted for tomorrow."""

HOUR, DAY = 3600, 86_400


class Kind(NamedTuple):
    """One act: how many say yes (the asker is the first), seconds it waits, who asks, who says the second yes.

    `about`: person (its text names whose account it is about) or site. `one_station`: the second key may be put to the
    asker's own screen, by its holder; for what cannot wait until somebody finds another workstation.
    """

    kind: str
    yeses: int
    seconds: int
    asks: tuple[str, ...]
    says: tuple[str, ...] = ()
    about: str = "person"
    one_station: bool = False


# A plan blanc is declared, and a commission's member named, by people of the site.
_OF_THE_SITE = ("site_administrator", "site_physician")


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
    # a machine of the site: the account of such an act is the workstation's id
    Kind("enrol_station", 1, 300, ("administrator", "guard")),
    Kind("end_station", 1, 300, ("administrator", "rssi", "guard")),
    Kind("call_off", 1, 300, ("administrator", "rssi", "dpo")),
    # at night two people stand at one screen: the one act whose second key needs no other workstation
    Kind("plan_blanc", 2, HOUR // 4, _OF_THE_SITE, _OF_THE_SITE, about="site", one_station=True),
    Kind("commission", 2, 7 * DAY, (*_OF_THE_SITE, "site_dpo"), (*_OF_THE_SITE, "site_dpo"), about="site"),
)


# Who opens a rescue session for a colleague (SQL: `accounts.rescue_openers`). Offices find the page in their menu;
# cadres, chiefs and guards come to it by the person's own page.
RESCUE_OPENERS: Final = ("administrator", "head", "guard")


def may_administer(profession: str) -> bool:
    """Whether a profession finds the staff in its menu: an office that some act asks for. SQL decides again."""
    return profession in OFFICES and any(profession in (*one.asks, *one.says) for one in ACTS)


def may_ask(profession: str, kind: str) -> bool:
    """Whether a profession finds an act about its own site in its menu; SQL decides again (`door.may_ask`)."""
    return any(one.kind == kind and {profession, f"site_{profession}"} & set(one.asks) for one in ACTS)
