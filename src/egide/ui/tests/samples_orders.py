"""Invented contexts of the pages about examinations."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.http import QueryDict

from egide.gate.work import Task
from egide.orders.forms import Asking, Telling
from egide.orders.reads import Examination, Step
from egide.orders.rules import KINDS, USUAL

NAMES = (
    "examens", "examens-vide", "examens-impression", "examens-demandes", "examens-aucun", "examen-demander",
    "examen-erreur", "examen-personne", "examen", "examen-rendu",
)  # fmt: skip
UNIT = UUID(int=0xB1)


def asked(number: int, now: datetime, *steps: str, kind: str = "laboratory", **more: Any) -> Examination:
    """One request, some hours old."""
    codes = ("nfs", "electrolytes", "crp") if kind == "laboratory" else ("ct_angio_chest",)
    words = {"reported": "Hb 10,2 g/dL\nCRP 84 mg/L\n<b>à contrôler</b>", "cancelled": "Tube insuffisant", "done": ""}
    told = [
        Step(step, words[step], now + timedelta(minutes=20 * n), UUID(int=3), "Camille Renaud")
        for n, step in enumerate(steps)
    ]
    given: dict[str, Any] = {
        "id": UUID(int=0xE0 + number), "patient_id": UUID(int=number), "kind": kind, "codes": codes, "other": "",
        "question": "Dyspnée depuis ce matin, saturation à 91 %. Embolie pulmonaire ?", "urgent": number % 3 == 0,
        "wished_at": now if number % 2 else None, "unit_id": UNIT, "asked_at": now - timedelta(hours=number),
        "author_id": UUID(int=2), "author": "Dr Éléonore DE LA TRÈS-LONGUE-RUE", "steps": told,
    }  # fmt: skip
    return Examination(**(given | more))


def contexts(
    now: datetime, ident: Callable[[int], UUID], ward: list[Any], chart: dict[str, Any]
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name of a preview → template and context."""
    several = [
        asked(1, now), asked(3, now, "done"), asked(2, now, "done", "reported", kind="imaging"),
        asked(4, now, "cancelled", codes=(), other="Dosage d'un toxique de nom fort long et sans abréviation connue"),
    ]  # fmt: skip
    lines = [
        SimpleNamespace(
            task=Task(n, "sample", who.id, UNIT, now, now + timedelta(hours=n - 2), n < 2, ident(n), n == 0),
            who=who, unit="Médecine B" if n else None, bed=who.bed, asked=asked(n, now, *(("done",) if n % 2 else ())),
        )
        for n, who in enumerate(ward[:9])
    ]  # fmt: skip
    place = SimpleNamespace(id=UNIT, name="Laboratoire", site="Clinique Sainte-Aldegonde")
    work = {
        "lines": lines, "urgent": 1, "late": 2, "truncated": True, "places": [place], "done": "examen_rendu",
        "at": now, "opening": 42, "by": SimpleNamespace(name="Camille Renaud", profession="laboratory"),
    }  # fmt: skip
    wrong = Asking("imaging", QueryDict("codes=ct_head&wished=hier&unit="))
    wrong.is_valid()
    ask = {**chart, "kind": "laboratory", "kinds": list(KINDS), "groups": USUAL["laboratory"], "units": [place],
           "form": Asking("laboratory")}  # fmt: skip
    empty = Telling("reported", {"words": ""})
    empty.is_valid()
    one = {
        **chart, "one": asked(3, now, "done"), "unit": "Laboratoire", "may": {"reported", "cancelled"}, "form": empty,
        "step": "reported", "done": "examen_fait",
    }  # fmt: skip
    listed = {**chart, "asked": several, "unit_name": {UNIT: "Laboratoire"}, "may_prescribe": True, "done": "examen"}
    return {
        "examens": ("orders/work.html", work),
        "examens-vide": (
            "orders/work.html", {**work, "lines": [], "urgent": 0, "late": 0, "truncated": False, "done": None},
        ),
        "examens-impression": ("orders/print.html", work),
        "examens-demandes": ("orders/examinations.html", listed),
        "examens-aucun": ("orders/examinations.html", {**listed, "asked": [], "may_prescribe": False, "done": None}),
        "examen-demander": ("orders/ask.html", ask),
        "examen-erreur": ("orders/ask.html", {**ask, "kind": "imaging", "groups": USUAL["imaging"], "form": wrong}),
        "examen-personne": ("orders/ask.html", {**ask, "units": []}),
        "examen": ("orders/examination.html", one),
        "examen-rendu": (
            "orders/examination.html",
            {**one, "one": asked(2, now, "done", "reported", kind="imaging"), "may": set(), "form": None, "done": None},
        ),
    }  # fmt: skip
