"""The authorisation grid as data: profession × basis × category × act → verdict and reason (gate.md §3, §4).

SQL alone decides, from the copy that a migration loads; start-up refuses a base whose copy has another hash.
"""

import hashlib
from collections.abc import Iterator
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
    _P.DPO: frozenset(),
    _P.RSSI: frozenset(),
    _P.ADMINISTRATOR: frozenset(),
    _P.APPLICATION: frozenset(),
}

_CLINICAL_WRITERS = frozenset(
    {
        _P.PHYSICIAN, _P.MIDWIFE, _P.INTERN, _P.NURSE, _P.CARE_ASSISTANT, _P.PHYSIOTHERAPIST, _P.PSYCHOLOGIST,
        _P.DIETICIAN, _P.SOCIAL_WORKER,
    }
)  # fmt: skip
_WRITES: dict[Profession, frozenset[Category]] = {
    profession: frozenset({_C.CLINICAL, _C.PROTECTED}) if profession in _CLINICAL_WRITERS else frozenset()
    for profession in Profession
} | {_P.ADMISSION_CLERK: frozenset({_C.IDENTITY, _C.STAY, _C.CONTACT, _C.INS})}

# A program acting for a site, on the persons it brings (gate.md §7).
_APPLICATION = frozenset({_C.IDENTITY, _C.STAY, _C.CONTACT, _C.INS, _C.CLINICAL})

_NO = {
    "switchboard": "Le standard ne voit que les présents du site, par leur page.",
    "pharmacist": "Ouverture par liste de travail seulement.",
    "laboratory": "Ouverture par liste de travail seulement.",
    "imaging": "Ouverture par liste de travail seulement.",
    "dim": "Ouverture par liste de travail seulement.",
    "dpo": "Le DPO lit des identifiants et des nombres, pas de dossier.",
    "rssi": "Le RSSI lit des identifiants et des nombres, pas de dossier.",
    "administrator": "Un administrateur n'ouvre aucun dossier.",
    "application": "Une application n'ouvre que ce que son manifeste annonce.",
}


# Bases that say "takes care of": the same categories by any of them. Break-glass is for those who give care.
_CARE_BASES = {
    Basis.STAY: "Le patient séjourne dans votre unité.",
    Basis.TEAM: "Vous faites partie de l'équipe de soins.",
    Basis.ADVICE: "Votre avis a été demandé.",
    Basis.BREAK_GLASS: "Accès d'urgence, motivé et relu.",
}


def grid() -> Iterator[Rule]:
    """Every cell, in a fixed order."""
    for basis in Basis:
        for profession in Profession:
            for category in Category:
                for act in ("read", "write"):
                    yield _cell(profession, basis, category, act)


def _cell(profession: Profession, basis: Basis, category: Category, act: str) -> Rule:
    if basis is Basis.APPLICATION:
        allowed = profession is _P.APPLICATION and category in _APPLICATION
        reason = "Données annoncées par le manifeste." if allowed else "Réservé aux applications du site."
        return Rule(profession, basis, category, act, allowed, reason)
    allowed = category in (_READS if act == "read" else _WRITES)[profession]
    if basis is Basis.BREAK_GLASS and profession not in _CLINICAL_WRITERS:
        return Rule(profession, basis, category, act, False, "L'accès d'urgence est réservé aux soignants.")
    reason = _CARE_BASES[basis] if allowed else _NO.get(profession, "Cette catégorie n'est pas ouverte à votre profession.")
    return Rule(profession, basis, category, act, allowed, reason)


def grid_hash() -> str:
    """SHA-256 (hex) of the whole grid: what the base must hold for the program to start."""
    text = "\n".join("|".join((*rule[:4], str(rule.allowed), rule.reason)) for rule in grid())
    return hashlib.sha256(text.encode()).hexdigest()
