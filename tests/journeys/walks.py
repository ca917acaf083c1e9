"""Who walks which page for axe-core: each address that shows one belongs to somebody's walk, or is said elsewhere.

An address that is new, or that goes, fails tests/house/test_routes.py until it stands here.
"""

import re
from pathlib import Path
from typing import Final

ROUTES: Final = Path(__file__).parents[1] / "house" / "routes.txt"
CHART, STAFF, WATCH = "/dossier/<uuid:patient>/", "/personnel/<uuid:account>/", "/surveillance/"
# Somebody of each profession of the first clinic: who follows every link of hers, and who opens her own few pages only.
FOLLOWS: Final = {
    "claire.morvan": "nurse", "helene.roux": "physician", "thomas.girard": "admission_clerk",
    "isabelle.fontaine": "medical_secretary", "odile.perrin": "dpo", "victor.blanc": "rssi",
    "paul.marchand": "administrator", "christine.muller": "laboratory", "david.mathieu": "switchboard",
}  # fmt: skip
OPENS: Final = {
    "awa.diallo": "care_assistant", "vincent.lemaire": "imaging", "david.roussel": "pharmacist",
    "laetitia.lecorre": "billing", "celine.robert": "dim", "benoit.lefebvre": "porter",
    "alexandre.joly": "psychologist", "juliette.richard": "dietician", "quentin.dubois": "social_worker",
    "mickael.etchegaray": "physiotherapist",
}  # fmt: skip
# The same for everybody: the first who comes there is enough.
COMMON: Final = ("/aide/", "/sessions/", "/approbations/", "/poste/")
# What somebody opens who does not follow every link: what is of her profession, not what hangs below it.
OWN: Final = (
    "/jour/", "/patients/", "/unite/<uuid:unit>/", "/travail/", "/examens/", "/presents/", "/notifications/", CHART,
    CHART + "note/",
)  # fmt: skip
# Each page, and in whose walk it must be found.
WALKED: Final = {
    "claire.morvan": (
        *COMMON, "/jour/", "/notifications/", "/patients/", "/unite/<uuid:unit>/", "/unite/<uuid:unit>/releve/",
        "/unite/<uuid:unit>/transmission/", CHART, CHART + "acces/", CHART + "acces/copie/", CHART + "allergie/",
        CHART + "avis/", CHART + "bilan/", CHART + "constantes/", CHART + "coordonnees/",
        CHART + "impression/", CHART + "mesures/", CHART + "note/",
        CHART + "probleme/", CHART + "proches/", CHART + "rendez-vous/", CHART + "soignants/",
        CHART + "terminer/<slug:fact>/<uuid:row>/", CHART + "transmission/",
    ),
    "isabelle.fontaine": ("/arrivee/", CHART + "sejour/"),
    "odile.perrin": (WATCH, WATCH + "activite/", WATCH + "tirage/", WATCH + "urgences/", "/commissions/"),
    "paul.marchand": (
        "/personnel/", "/personnel/nouveau/", STAFF, STAFF + "droits/", STAFF + "acte/<slug:word>/", "/secours/",
        "/plan-blanc/",
    ),
    "helene.roux": (CHART + "examens/", CHART + "examens/demander/<slug:kind>/"),
    "christine.muller": ("/examens/",),
    "david.roussel": ("/travail/",),
    "david.mathieu": ("/presents/",),
}  # fmt: skip
PIECE, NO_PAGE = "a piece of another page, walked with it", "no page"
_BESIDE = "test_axe_finds_nothing_where_no_link_of_the_day_leads"
ELSEWHERE: Final = {
    "/": "a redirection to my day",
    "/^favicon\\.ico$": NO_PAGE, "/sante/": NO_PAGE, "/vivant/": NO_PAGE,
    "/statique/<str:digest>/<str:name>": NO_PAGE, "/unite/<uuid:unit>/changements/": NO_PAGE,
    "/onglets/": PIECE, CHART + "courbe/": _BESIDE,
    "/cle/": _BESIDE, "/connexion/": _BESIDE, "/connexion/secours/": _BESIDE, "/relectures/": _BESIDE,
    "/confirmer/": _BESIDE,
    CHART + "acceder/": _BESIDE,
    CHART + "importes/": "test_imported.py", CHART + "importes/<uuid:row>/": "test_imported.py",
    CHART + "restreindre/<slug:fact>/<uuid:row>/": _BESIDE,
    CHART + "corriger/<slug:fact>/<uuid:row>/": _BESIDE, CHART + "fiche/": "test_night.py",
    "/approbations/<uuid:act>/": "test_new_doctor_and_lost_key.py",
    WATCH + "dossier/<uuid:patient>/": "test_oversight.py",
    WATCH + "dossier/<uuid:patient>/copie/": "test_oversight.py",
    "/unite/<uuid:unit>/agenda/": _BESIDE,
    CHART + "examens/<uuid:row>/": "shown once somebody has asked for an examination: orders/tests",
    "/examens/impression/": "shown once somebody has asked for an examination: orders/tests",
    "/postes/": "test_change_user.py",
    "/secours/lits/": "shown inside a session of rescue only, which no journey opens",
}  # fmt: skip


def shown() -> set[str]:
    """Every address of routes.txt that a GET asks for."""
    lines = [line.split(" | ") for line in ROUTES.read_text(encoding="utf-8").splitlines() if line.startswith("/")]
    return {line[0] for line in lines if "GET" in line[1].split()}


def route_of(path: str) -> str:
    """The address of routes.txt that a path is of; empty for none of ours."""
    return next((route for route, pattern in _PATTERNS.items() if pattern.fullmatch(path)), "")


def _pattern(route: str) -> re.Pattern[str]:
    kinds = {"uuid": r"[0-9a-f-]{36}", "int": r"\d+"}
    parts = re.split(r"<(\w+):\w+>", route)
    return re.compile(
        "".join(kinds.get(part, "[^/]+") if place % 2 else re.escape(part) for place, part in enumerate(parts))
    )


_PATTERNS: Final = {route: _pattern(route) for route in sorted(shown())}
