"""Invented contexts for the pages of care links: who takes care, work lists."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from egide.config.staff_forms import Mandate
from egide.ui.words import BASES

NAMES = (
    "soignants",
    "soignants-refus",
    "travail",
    "travail-vide",
    "confirmer",
    "plan",
    "plan-en-cours",
    "commissions",
    "fiche",
)
REASONS = {"not_concerned": "Sans objet pour ce patient", "done_elsewhere": "Fait ailleurs"}


def ident(number: int) -> UUID:
    return UUID(int=0xE61D_0000_0000_4000_8000_0000_0000_0000 + number)


def carers(now: Any) -> list[SimpleNamespace]:
    """Each basis once."""
    return [
        SimpleNamespace(
            who="Cardiologie B" if n % 3 == 0 else "Dr Éléonore DE LA TRÈS-LONGUE-RUE <b>",
            carer=SimpleNamespace(
                link=n, basis=basis, account=None if n % 3 == 0 else ident(n), name=None, unit=None,
                profession=None if n % 3 == 0 else "physician", since=now - timedelta(days=n),
                until=None if n == 0 else now + timedelta(days=7), mine=n < 2, may_end=n % 2 == 1,
            ),
        )
        for n, basis in enumerate(BASES)
    ]  # fmt: skip


def contexts(now: Any, people: list[Any], chart: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name of a preview → template and context."""
    mandate = Mandate(
        {"account": "", "commission": "infection", "until": "31/02/2027"},
        members=[SimpleNamespace(id=ident(5), name="Dr Luc Arnaud", profession="physician")],
        commissions={"infection": "Prévention du risque infectieux"},
    )
    mandate.is_valid()
    named = {
        **chart,
        "lines": carers(now),
        "grounds": {"delegation": "Délégation, 7 jours", "referring": "Médecin déclaré par le patient, un an"},
        "may_transfer": True, "may_end": True,
        "colleagues": [SimpleNamespace(id=ident(5), name="Dr Luc Arnaud", profession="physician")],
        "units": [SimpleNamespace(id=ident(3), name="Chirurgie A", site="Hôpital Saint-Aubin")],
        "sensitive": {"public_figure": "Personnalité connue"}, "watched": ("public_figure", "Luc Arnaud"),
        "staff": [SimpleNamespace(id=ident(5), name="Luc Arnaud", profession="nurse")],
        "wrong": {}, "typed": {}, "done": "soignant",
    }  # fmt: skip
    lines = [
        SimpleNamespace(
            who=one, unit="Cardiologie B" if n else None, bed=one.bed, since=now - timedelta(hours=3 * n),
            task=SimpleNamespace(
                id=n, list=("reconcile", "billing", "coding")[n % 3], late=n < 2,
                due_at=now + timedelta(hours=5 * n - 9)
            ),
        )
        for n, one in enumerate(people[:9])
    ]  # fmt: skip
    refused = {"to": "Cette personne ne travaille pas dans l'unité où réside ce patient."}
    return {
        "soignants": ("gate/carers.html", named),
        "soignants-refus": (
            "gate/carers.html", {**named, "wrong": refused, "typed": {"basis": "referring", "to": str(ident(5))}},
        ),
        "travail": (
            "gate/work.html", {"lines": lines, "late": 2, "truncated": True, "reasons": REASONS, "done": "tache"},
        ),
        "confirmer": (
            "gate/confirm.html", {"onward": "/jour/", "username": "alice", "demo_keys_url": "http://localhost:8421"},
        ),
        "plan": ("gate/plan.html", {"plan": None, "may_plan": True, "done": None}),
        "plan-en-cours": (
            "gate/plan.html",
            {"plan": SimpleNamespace(since=now, until=now), "may_plan": True, "done": None},
        ),
        "commissions": (
            "gate/mandates.html",
            {
                "mandates": [
                    SimpleNamespace(id=1, commission="infection", name="Luc Arnaud <b>", since=now,
                                    until=now + timedelta(days=60), mine=True),
                ],
                "commissions": {"infection": "Prévention du risque infectieux"}, "form": mandate,
                "latest": "2027-02-20", "done": None,
            },
        ),
        "fiche": (
            "record/emergency_sheet.html",
            {
                **chart, "until": now, "at": now, "opening": 42,
                "by": SimpleNamespace(name="Dr Luc Arnaud", profession="physician"),
                "problems": [SimpleNamespace(label="Insuffisance cardiaque", since=now.date())],
                "treatments": [SimpleNamespace(label="Apixaban 5 mg", details=[("dose", "matin et soir")], at=now)],
                "people": [
                    SimpleNamespace(name="MARTIN Paul", relation="époux", kind="trusted", phone="06 39 98 01 02"),
                ],
                "stated": [SimpleNamespace(kind="written", where="Chez son notaire", words="Pas de réanimation.")],
            },
        ),
        "travail-vide": (
            "gate/work.html", {"lines": [], "late": 0, "truncated": False, "reasons": REASONS, "done": None},
        ),
    }  # fmt: skip
