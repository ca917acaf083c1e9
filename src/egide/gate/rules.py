"""The authorisation grid as data: profession × basis × category × act → verdict and reason (gate.md §3, §4).

SQL alone decides, from the copy that a migration loads; start-up refuses a base whose copy has another hash.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from egide.kernel.codes import Basis, Category, Profession


class Rule(NamedTuple):
    """One cell of the grid. `reason` is shown to the person and kept in reviews."""

    profession: str
    basis: str
    category: str
    act: str
    allowed: bool
    reason: str


_C = Category
_P = Profession
_CARE = frozenset({_C.IDENTITY, _C.STAY, _C.CONTACT, _C.CLINICAL, _C.PROTECTED})

# Who reads what through a stay in her unit. `protected` is "within its team": the stay's unit is the team.
_READS: dict[Profession, frozenset[Category]] = {
    _P.PHYSICIAN: _CARE | {_C.INS, _C.CODING},
    _P.MIDWIFE: _CARE | {_C.INS, _C.CODING},
    _P.INTERN: _CARE | {_C.INS, _C.CODING},
    _P.NURSE: _CARE,
    _P.CARE_ASSISTANT: _CARE,
    _P.PHYSIOTHERAPIST: _CARE,
    _P.PSYCHOLOGIST: _CARE,
    _P.DIETICIAN: _CARE,
    _P.SOCIAL_WORKER: _CARE,
    _P.STUDENT: _CARE,
    _P.MEDICAL_SECRETARY: frozenset({_C.IDENTITY, _C.STAY, _C.CONTACT, _C.INS, _C.CLINICAL}),
    _P.ADMISSION_CLERK: frozenset({_C.IDENTITY, _C.STAY, _C.CONTACT, _C.INS}),
    _P.BILLING: frozenset({_C.IDENTITY, _C.STAY, _C.CONTACT, _C.INS, _C.CODING}),
    _P.PORTER: frozenset({_C.IDENTITY, _C.STAY}),
    # by work list or by search only, never because a patient lies in a unit
    _P.SWITCHBOARD: frozenset(),
    _P.PHARMACIST: frozenset(),
    _P.LABORATORY: frozenset(),
    _P.IMAGING: frozenset(),
    _P.DIM: frozenset(),
    # there is no clinical superuser
    _P.IDENTITY_CELL: frozenset(),
    _P.DPO: frozenset(),
    _P.RSSI: frozenset(),
    _P.ADMINISTRATOR: frozenset(),
    _P.APPLICATION: frozenset(),
}

CLINICAL_WRITERS = frozenset(
    {
        _P.PHYSICIAN, _P.MIDWIFE, _P.INTERN, _P.NURSE, _P.CARE_ASSISTANT, _P.PHYSIOTHERAPIST, _P.PSYCHOLOGIST,
        _P.DIETICIAN, _P.SOCIAL_WORKER,
    }
)  # fmt: skip
# Whom to call is asked at the bedside too (personne de confiance, CSP L1111-6: at each hospital stay).
_CONTACT_WRITERS = frozenset({_P.PHYSICIAN, _P.MIDWIFE, _P.INTERN, _P.NURSE, _P.SOCIAL_WORKER})
_WRITES: dict[Profession, frozenset[Category]] = {
    profession: (frozenset({_C.CLINICAL, _C.PROTECTED}) if profession in CLINICAL_WRITERS else frozenset())
    | (frozenset({_C.CONTACT}) if profession in _CONTACT_WRITERS else frozenset())
    for profession in Profession
} | {
    _P.ADMISSION_CLERK: frozenset({_C.IDENTITY, _C.STAY, _C.CONTACT, _C.INS}),
    # she gives her unit's appointments, and enters its arrivals and departures
    _P.MEDICAL_SECRETARY: frozenset({_C.STAY}),
}

# A program acting for a site, on the persons it brings (gate.md §7).
_APPLICATION = frozenset({_C.IDENTITY, _C.STAY, _C.CONTACT, _C.INS, _C.CLINICAL})

# Who receives people at a desk: creates them, admits them; for a day, from the search that did or did not find them.
_RECEIVERS = frozenset({_P.ADMISSION_CLERK, _P.MEDICAL_SECRETARY})
_ARRIVAL = frozenset({_C.IDENTITY, _C.STAY, _C.CONTACT, _C.INS})

_NO = {
    "switchboard": "Le standard ne voit que les présents du site, par leur page.",
    "pharmacist": "Ouverture par liste de travail seulement.",
    "laboratory": "Ouverture par liste de travail seulement.",
    "imaging": "Ouverture par liste de travail seulement.",
    "dim": "Ouverture par liste de travail seulement.",
    "identity_cell": "La cellule d'identitovigilance vérifie des identités, une à une ; elle n'ouvre pas de dossier.",
    "dpo": "Le DPO lit des identifiants et des nombres, pas de dossier.",
    "rssi": "Le RSSI lit des identifiants et des nombres, pas de dossier.",
    "administrator": "Un administrateur n'ouvre aucun dossier.",
    "application": "Une application n'ouvre que ce que son manifeste annonce.",
}


# Bases that say "takes care of": what a profession opens by a stay, it opens by any of them.
_CARE_BASES = {
    Basis.STAY: "Le patient séjourne dans votre unité.",
    Basis.APPOINTMENT: "Le patient a rendez-vous dans votre équipe, à trente jours près.",
    Basis.ATTENDING: "Le patient est sorti de votre unité il y a moins de sept jours.",
    Basis.RESIDENCE: "Le patient est résident de votre établissement.",
    Basis.TRANSFER: "Le patient est attendu dans votre unité.",
    Basis.TEAM: "Vous faites partie de l'équipe de soins.",
    Basis.DELEGATION: "La prise en charge vous est déléguée.",
    Basis.REFERRING: "Le patient vous a déclaré comme son médecin.",
    Basis.ADVICE: "Votre avis a été demandé.",
    Basis.BREAK_GLASS: "Accès d'urgence, motivé et relu.",
}
# Those of them that some professions only have. After a discharge: who writes and types the letter.
_CARE_ONLY: dict[Basis, tuple[frozenset[Profession], str]] = {
    Basis.ATTENDING: (
        frozenset({_P.PHYSICIAN, _P.MIDWIFE, _P.INTERN, _P.MEDICAL_SECRETARY}),
        "Après la sortie, le dossier reste ouvert sept jours aux médecins de l'unité et à leur secrétariat.",
    ),
    Basis.DELEGATION: (CLINICAL_WRITERS, "Une prise en charge se délègue à un soignant."),
    Basis.REFERRING: (frozenset({_P.PHYSICIAN, _P.MIDWIFE}), "Un patient déclare un médecin ou une sage-femme."),
    Basis.BREAK_GLASS: (CLINICAL_WRITERS, "L'accès d'urgence est réservé aux soignants."),
}
# Whoever waits for somebody prepares, and writes once she is there.
_READ_ONLY = frozenset({Basis.TRANSFER})

# Who looks for people outside a list: those who receive, admit, take care or bill (design: finding without listing);
# and the identity cell, which tells homonyms and duplicates apart (RNIV).
SEARCHERS = frozenset(
    {
        _P.PHYSICIAN, _P.MIDWIFE, _P.INTERN, _P.NURSE, _P.CARE_ASSISTANT, _P.PHYSIOTHERAPIST, _P.PSYCHOLOGIST,
        _P.DIETICIAN, _P.SOCIAL_WORKER, _P.MEDICAL_SECRETARY, _P.ADMISSION_CLERK, _P.BILLING, _P.IDENTITY_CELL,
    }
)  # fmt: skip
# Bases of their own: who reads what by them, writes nothing, and what the others are told.
_SHEET = frozenset({_C.IDENTITY, _C.STAY, _C.CONTACT, _C.CLINICAL})
_WORK = frozenset({_C.IDENTITY, _C.STAY, _C.INS, _C.CLINICAL, _C.PROTECTED})
_INQUIRY = frozenset({_C.IDENTITY, _C.STAY, _C.CLINICAL})
# Who works by list: lists that events feed, a profession's of a site; what is asked of a laboratory or an imaging unit,
# all the day of its own professions; biologists and radiologists, by the list of such a unit of theirs, never a ward's.
FED = frozenset({_P.PHARMACIST, _P.DIM, _P.BILLING})
ASKED = frozenset({_P.LABORATORY, _P.IMAGING})
EXAMINERS = ASKED | {_P.PHYSICIAN, _P.INTERN}
_OWN_BASES: dict[Basis, tuple[dict[Profession, frozenset[Category]], str, str]] = {
    Basis.SECRETARIAT: (
        {_P.MEDICAL_SECRETARY: _READS[_P.MEDICAL_SECRETARY]},
        "Vous êtes au secrétariat d'un membre de l'équipe de soins.",
        "Réservé au secrétariat de l'équipe de soins.",
    ),
    Basis.WORK_LIST: (
        {
            **dict.fromkeys(EXAMINERS | {_P.PHARMACIST}, _WORK),
            _P.DIM: frozenset({_C.IDENTITY, _C.STAY, _C.CODING, _C.CLINICAL, _C.PROTECTED}),
            _P.BILLING: _READS[_P.BILLING],
        },
        "Le patient est sur votre liste de travail.",
        "Réservé aux professions qui travaillent par liste.",
    ),
    Basis.COMMISSION_INFECTION: (
        dict.fromkeys((_P.PHYSICIAN, _P.PHARMACIST, _P.NURSE, _P.LABORATORY), _INQUIRY),
        "Votre mandat : prévention du risque infectieux.",
        "Réservé aux membres mandatés de la commission.",
    ),
    Basis.COMMISSION_IDENTITY: (
        dict.fromkeys(
            (_P.PHYSICIAN, _P.NURSE, _P.MEDICAL_SECRETARY, _P.ADMISSION_CLERK, _P.DIM, _P.IDENTITY_CELL), _ARRIVAL
        ),
        "Votre mandat : identitovigilance.",
        "Réservé aux membres mandatés de la commission.",
    ),
    Basis.COMMISSION_QUALITY: (
        dict.fromkeys((_P.PHYSICIAN, _P.MIDWIFE, _P.PHARMACIST, _P.NURSE), _INQUIRY | {_C.CODING}),
        "Votre mandat : qualité et sécurité des soins.",
        "Réservé aux membres mandatés de la commission.",
    ),
    Basis.SHEET: (
        dict.fromkeys(CLINICAL_WRITERS, _SHEET),
        "Fiche d'urgence : un patient à la fois, l'astreinte est appelée.",
        "La fiche d'urgence est réservée aux soignants.",
    ),
    # for minutes, one contact of somebody whom a search has just shown: charged as discovered
    Basis.SEARCH: (
        {one: _READS[one] & frozenset({_C.CONTACT, _C.INS}) for one in SEARCHERS},
        "Votre recherche vient de montrer cette personne.",
        "Réservé à qui cherche des personnes, pour leurs coordonnées.",
    ),
    Basis.OVERSIGHT: (
        dict.fromkeys((_P.DPO, _P.IDENTITY_CELL), frozenset({_C.IDENTITY})),
        "Identité d'un patient à la fois, motivée et inscrite.",
        "Réservé au DPO et à la cellule d'identitovigilance : l'identité seule.",
    ),
}


def grid() -> Iterator[Rule]:
    """Every cell, in a fixed order."""
    for basis in Basis:
        for profession in Profession:
            for category in Category:
                for act in ("read", "write"):
                    yield _cell(profession, basis, category, act)


def _cell(profession: Profession, basis: Basis, category: Category, act: str) -> Rule:
    allowed, reason = _verdict(profession, basis, category, act)
    return Rule(profession, basis, category, act, allowed, reason)


def _verdict(profession: Profession, basis: Basis, category: Category, act: str) -> tuple[bool, str]:
    if basis is Basis.APPLICATION:
        # what its source marks as restricted an import brings, and never reads back
        announced = _APPLICATION | ({_C.PROTECTED} if act == "write" else frozenset())
        allowed = profession is _P.APPLICATION and category in announced
        return allowed, "Données annoncées par le manifeste." if allowed else "Réservé aux applications du site."
    if basis is Basis.ARRIVAL:
        allowed = profession in _RECEIVERS and category in _ARRIVAL
        return allowed, (
            "Vous accueillez cette personne." if allowed else "L'accueil ouvre identité et séjour, aux admissions."
        )
    if basis in _OWN_BASES:
        readers, why, why_not = _OWN_BASES[basis]
        allowed = act == "read" and category in readers.get(profession, frozenset())
        return allowed, why if allowed else why_not
    only, why_not = _CARE_ONLY.get(basis, (frozenset(Profession), ""))
    if profession not in only:
        return False, why_not
    if act == "write" and basis in _READ_ONLY:
        return False, "On écrit une fois le patient arrivé."
    allowed = category in (_READS if act == "read" else _WRITES)[profession]
    return allowed, (
        _CARE_BASES[basis] if allowed else _NO.get(profession, "Cette catégorie n'est pas ouverte à votre profession.")
    )


class Door(NamedTuple):
    """One way of searching for a person, and whether a profession has it. `reason` is shown to the person."""

    profession: str
    door: str
    allowed: bool
    reason: str


# Without a whole birth date: somebody who cannot say it (admissions and emergency; RNIV PP 19).
_BY_YEAR = frozenset({_P.ADMISSION_CLERK, _P.PHYSICIAN, _P.INTERN, _P.MIDWIFE, _P.NURSE, _P.IDENTITY_CELL})
_AT_SWITCHBOARD = frozenset({_P.SWITCHBOARD})
_BY_DOOR = {"year": _BY_YEAR, "present": _AT_SWITCHBOARD, "phone": _RECEIVERS}


def doors() -> Iterator[Door]:
    """Every profession × way of searching, in a fixed order."""
    for profession in Profession:
        for door in ("date", "number", "year", "present", "phone"):
            allowed = profession in _BY_DOOR.get(door, SEARCHERS)
            if door == "present":
                reason = "Les présents du site : au standard, par leur page."
            elif door == "phone":
                reason = "Le numéro d'un appelant se cherche dans l'agenda de l'équipe, à l'accueil et au secrétariat."
            elif allowed and profession is _P.IDENTITY_CELL:
                reason = "Vous vérifiez des identités."
            elif allowed:
                reason = "Vous accueillez, soignez ou facturez des personnes."
            elif profession in SEARCHERS:
                reason = "La recherche sans date de naissance complète est réservée aux admissions et aux urgences."
            else:
                reason = _NO.get(profession, "Votre profession ne cherche pas de personne hors de ses listes.")
            yield Door(profession, door, allowed, reason)


class Oversight(NamedTuple):
    """One page over the trail, and whether a profession has it."""

    profession: str
    page: str
    allowed: bool
    reason: str


# trail: lines by filters; activity: counts; reviews: break-glasses; draw: the monthly one; name: who a patient is.
PAGES = ("trail", "activity", "reviews", "draw", "name")
_OVERSEES = {
    _P.DPO: frozenset(PAGES),
    _P.RSSI: frozenset({"trail", "activity"}),
    _P.IDENTITY_CELL: frozenset({"name"}),
}


def oversight() -> Iterator[Oversight]:
    """Every profession × page of oversight, in a fixed order."""
    for profession in Profession:
        for page in PAGES:
            allowed = page in _OVERSEES.get(profession, frozenset())
            reason = (
                "Vous répondez de l'usage des dossiers." if allowed else "Réservé au DPO et au RSSI, selon la page."
            )
            yield Oversight(profession, page, allowed, reason)


@cache
def may_oversee(profession: str, page: str) -> bool:
    """Whether a profession finds a page of oversight in its menu. The gate decides at each request."""
    return any(one.allowed for one in oversight() if (one.profession, one.page) == (profession, page))


def names_only(profession: str) -> bool:
    """Whether a profession is shown who a patient is, for a reason, without reading the trail: the identity cell."""
    return may_oversee(profession, "name") and not may_oversee(profession, "trail")


def may_break_glass(profession: str) -> bool:
    """Whether the page offers emergency access to this profession; SQL decides again."""
    return profession in CLINICAL_WRITERS


def works_by_list(profession: str) -> bool:
    """Whether a profession finds work lists fed by admissions and discharges in its menu; SQL decides again."""
    return profession in FED


def examines(profession: str) -> bool:
    """Whether all that a profession does is asked of its laboratory or imaging unit: its day is that list."""
    return profession in ASKED


def may_examine(profession: str) -> bool:
    """Whether a profession, in a laboratory or an imaging unit, works by the list of what is asked there."""
    return profession in EXAMINERS


# Who asks for an examination; as in SQL (gate.prescribers). Midwives within their competence (CSP L4151-4).
PRESCRIBERS = frozenset({_P.PHYSICIAN, _P.MIDWIFE, _P.INTERN})
# Who draws blood on the ward and says so; as in SQL (gate.samplers).
SAMPLERS = PRESCRIBERS | {_P.NURSE}


def may_prescribe(profession: str) -> bool:
    """Whether a profession asks for examinations, and cancels what was asked; SQL decides again."""
    return profession in PRESCRIBERS


def may_sample(profession: str) -> bool:
    """Whether a profession says that a sample was taken, at the bedside; SQL decides again."""
    return profession in SAMPLERS


def may_receive(profession: str) -> bool:
    """Whether a profession creates and admits people; SQL decides again."""
    return profession in _RECEIVERS


def may_admit(profession: str, bases: str) -> bool:
    """Whether an opening on these bases (comma between) may write the stay: its link is offered. SQL decides."""
    named = [Basis(one) for one in bases.split(",") if one]
    return any(_cell(Profession(profession), basis, _C.STAY, "write").allowed for basis in named)


def may_see_contacts(profession: str, bases: str) -> bool:
    """Whether an opening on these bases (comma between) leads to contacts: their page is offered. SQL decides."""
    named = [Basis(one) for one in bases.split(",") if one]
    return any(_cell(Profession(profession), basis, _C.CONTACT, "read").allowed for basis in named)


def may_search(profession: str) -> bool:
    """Whether a profession finds the search page in its menu. The gate decides at each search."""
    return profession in SEARCHERS


def may_find_present(profession: str) -> bool:
    """Whether a profession has the page of those present on the site. The gate decides at each question."""
    return profession in _AT_SWITCHBOARD


def grid_hash() -> str:
    """SHA-256 (hex) of the whole grid, of the doors and of oversight: what the base must hold at start."""
    lines = ["|".join((*rule[:4], str(rule.allowed), rule.reason)) for rule in grid()]
    lines += ["|".join((door.profession, door.door, str(door.allowed), door.reason)) for door in doors()]
    lines += ["|".join((line.profession, line.page, str(line.allowed), line.reason)) for line in oversight()]
    text = "\n".join(lines)
    return hashlib.sha256(text.encode()).hexdigest()
