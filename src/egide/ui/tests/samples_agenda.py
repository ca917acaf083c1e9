"""Invented contexts of the pages about appointments."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from egide.agenda.forms import Booking
from egide.agenda.reads import Meeting

NAMES = ("agenda", "agenda-vide", "rendez-vous", "rendez-vous-erreur", "rendez-vous-lus")


def contexts(
    now: datetime, ident: Callable[[int], UUID], ward: list[Any], chart: dict[str, Any]
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name of a preview → template and context."""
    unit = UUID(int=0xA1)

    def meeting(number: int, hours: float, state: str, reason: str | None = "Suivi d'hypertension") -> Meeting:
        at = now + timedelta(hours=hours)
        return Meeting(
            ident(number), ident(number), unit, "Dr Luc Arnaud" if number % 3 else None, at, 20, state, reason
        )

    states = ("kept", "arrived", "booked", "missed", "booked")
    lines = [
        SimpleNamespace(meeting=meeting(n, n / 3, states[n % 5]), who=who, unit="", becomes=())
        for n, who in enumerate(ward[:12])
    ]
    place = {"id": unit, "name": "Consultations, cardiologie", "site": "Clinique Sainte-Aldegonde"}
    day = now.date()
    page = {
        "unit": place, "day": day, "today": day, "before": day - timedelta(days=1), "after": day + timedelta(days=1),
        "lines": lines, "waiting": 7, "with_reason": True, "truncated": True, "done": None,
    }  # fmt: skip
    coming = [
        SimpleNamespace(meeting=meeting(1, 2, "booked"), unit=place["name"], becomes=("arrived", "cancelled")),
        SimpleNamespace(
            meeting=meeting(2, 900, "booked", None), unit="Consultations, orthopédie", becomes=("cancelled",)
        ),
    ]
    past = [SimpleNamespace(meeting=meeting(4, -2000, "missed"), unit=place["name"], becomes=())]
    chosen = SimpleNamespace(id=unit, name=place["name"])
    wrong = Booking({"unit": str(unit), "at": "hier", "minutes": "2", "reason": "Suivi"})
    wrong.is_valid()
    hers = {
        **chart, "coming": coming, "past": past, "form": Booking(), "units": [chosen], "chosen": chosen,
        "members": [(ident(9), "Dr Luc Arnaud")], "with_reason": True, "done": "rendez-vous",
    }  # fmt: skip
    read_only = {**hers, "form": None, "chosen": None, "members": [], "coming": [], "with_reason": False, "done": None}
    return {
        "agenda": ("agenda/day.html", page),
        "agenda-vide": ("agenda/day.html", {**page, "lines": [], "waiting": 0, "day": day + timedelta(days=1)}),
        "rendez-vous": ("agenda/appointments.html", hers),
        "rendez-vous-erreur": ("agenda/appointments.html", {**hers, "form": wrong, "done": None}),
        "rendez-vous-lus": ("agenda/appointments.html", read_only),
    }
