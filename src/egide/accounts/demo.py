"""« Se connecter en tant que »: the accounts of a demo base, filtered by site, profession and name. Public, fictive."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHOWN = 60
_FIELDS = ("username", "name", "profession", "site", "unit")


@dataclass(frozen=True, slots=True)
class DemoAccounts:
    """Whom the page offers: those found (at most 60, `more` were left out), and what can be chosen."""

    people: list[dict[str, str]]
    more: int
    sites: list[str]
    professions: list[str]
    site: str
    profession: str
    name: str


def offered(accounts: Sequence[Mapping[str, object]], asked: Mapping[str, str]) -> DemoAccounts | None:
    """None where there is no account. `asked`: site, metier, nom; without any, the first account's site."""
    known = [{field: str(one.get(field) or "") for field in _FIELDS} for one in accounts]
    if not known:
        return None
    sites = list(dict.fromkeys(one["site"] for one in known if one["site"]))
    professions = sorted({one["profession"] for one in known})
    name = asked.get("nom", "").strip()[:80]
    profession = asked.get("metier", "")
    profession = profession if profession in professions else ""
    site = asked.get("site", "")
    if site not in sites:
        site = "" if name or profession or not sites else sites[0]
    words = _plain(name).split()
    found = [
        one
        for one in known
        if site in ("", one["site"])
        and profession in ("", one["profession"])
        and all(word in _plain(f"{one['name']} {one['username']}") for word in words)
    ]
    return DemoAccounts(found[:SHOWN], max(0, len(found) - SHOWN), sites, professions, site, profession, name)


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
