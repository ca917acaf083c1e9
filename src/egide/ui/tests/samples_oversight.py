"""Invented contexts for the pages of oversight."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django import forms

WHO = (
    ("Alice Perrin", "nurse"), ("Dr Camille Martin", "physician"), ("Nina Fabre", "nurse"),
    ("Sophie Roux", "medical_secretary"),
)  # fmt: skip


class Filters(forms.Form):
    since = forms.DateField(label="Du", required=False)
    until = forms.DateField(label="Au", required=False)
    who = forms.CharField(label="Personne", required=False)
    patient = forms.UUIDField(label="Patient (pseudonyme)", required=False)
    kind = forms.CharField(label="Ligne", required=False)
    purpose = forms.CharField(label="Motif", required=False)
    basis = forms.CharField(label="Fondement", required=False)


def contexts(now: Any, people: list[Any], openings: list[Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name of a preview → template and context."""
    pseudonym = UUID(int=0xE61D_0000_0000_4000_8000_0000_0000_0001)
    lines = [
        (
            SimpleNamespace(
                id=900 - n, at=now - timedelta(minutes=7 * n), kind=("open", "refuse", "break_glass", "search")[n % 4],
                account=pseudonym, name=WHO[n % 4][0], profession=WHO[n % 4][1], unit=pseudonym if n % 3 else None,
                persons=27 if n % 3 == 1 else 1, patient=None if n % 3 == 1 else pseudonym, purpose="care",
                basis="stay,team" if n % 4 == 0 else None, verdict="opened",
                reason=(None, "no_link", "on_call", None)[n % 4],
            ),
            "Cardiologie B" if n % 3 else None,
        )
        for n in range(14)
    ]  # fmt: skip
    trail = {
        "form": Filters({}),
        "found": SimpleNamespace(total=1_001),
        "lines": lines,
        "older": 887,
        "counted": 1_000,
        "people": [],
        "person": None,
        "kept": {"since": "2026-11-18", "until": "2026-11-24", "account": "", "unit": "", "patient": str(pseudonym),
                 "kind": "", "purpose": "", "basis": ""},
        "units": [SimpleNamespace(id=pseudonym, site="Hôpital Saint-Aubin", name="Cardiologie B")],
        "kinds": {"open": "ouverture"}, "purposes": {"care": "soins"}, "bases": {"stay": "séjour dans l'unité"},
        "reasons": {"complaint": "Plainte ou réclamation"},
        "may_name": True,
        "done": None,
    }  # fmt: skip
    nobody = {**trail, "found": None, "lines": [], "people": [SimpleNamespace(id=pseudonym, name="", profession="")]}
    hours = [[0] * 8 + [3, 6, 4, 2, 0, 5, 7, 1] + [0] * 8, [0] * 20 + [9, 0, 0, 0]]
    busy = [
        SimpleNamespace(
            account=pseudonym, name=name, profession=job, hours=hours[n % 2], unlinked=hours[1] if n == 1 else [0] * 24,
            persons=sum(hours[n % 2]), outside=9 if n == 1 else 0, searches=n, band=28, band_hour=3.5, over=n == 0,
        )
        for n, (name, job) in enumerate(WHO)
    ]  # fmt: skip
    reviews = [
        SimpleNamespace(
            entry=n, at=now - timedelta(minutes=50 - 20 * n), account=pseudonym, name=name, profession=job,
            patient=pseudonym, reason="on_call", told=["Dr Camille Martin"] * n, verdict="accepted" if n == 3 else None,
            reviewer="Dr Camille Martin" if n == 3 else None, reviewed_at=now if n == 3 else None, late=n < 2,
        )
        for n, (name, job) in enumerate(WHO)
    ]  # fmt: skip
    drawn = SimpleNamespace(
        id=4, month=date(2026, 10, 1), unit=pseudonym, entry=7, at=now, account=pseudonym, name="Alice Perrin",
        profession="nurse", persons=27, patient=None, purpose="unit_list", basis="stay", reviewer="Dr Camille Martin",
    )  # fmt: skip
    draw = SimpleNamespace(
        month=date(2026, 10, 1), seed=pseudonym, at=now, units=2, openings=10, reviewed=3, to_explain=1
    )
    ward = [SimpleNamespace(ward=one, unit="Cardiologie B", due=n < 3) for n, one in enumerate(people)]
    places = [SimpleNamespace(label="Chercher une personne", url="/patients/", icon="search")]
    waits = [
        SimpleNamespace(words="2 accès d'urgence à relire", url="/notifications/", icon="alert", late=True),
        SimpleNamespace(words="1 avis demandé", url="/notifications/", icon="note", late=False),
    ]
    day = {
        "today": now.date(), "due": waits, "patients": ward, "several": True, "watches": True, "late": 3,
        "can_write": True,
        "places": places, "truncated": False,
    }  # fmt: skip
    return {
        "jour": ("stays/day.html", day),
        "palette": (
            "stays/palette.html",
            {
                "answers": [
                    SimpleNamespace(
                        label="DURAND Jeanne", detail="lit 201 F, Cardiologie B", url="/dossier", icon="user"
                    ),
                    SimpleNamespace(label="Aide", detail="", url="/aide/", icon="help"),
                ],
            },
        ),
        "copie": (
            "gate/openings_copy.html",
            {"patient": people[0], "openings": openings, "truncated": True, "names": True, "at": now, "opening": 812},
        ),
        "onglets": (
            "stays/tabs.html",
            {
                "tabs": [
                    SimpleNamespace(patient=one.id, who=one if n != 2 else None, bed=one.bed, until=now, current=n == 0)
                    for n, one in enumerate(people[:4])
                ]
            },
        ),
        "jour-vide": ("stays/day.html", {**day, "patients": [], "late": 0}),
        "surveillance": ("gate/oversight_trail.html", trail),
        "surveillance-personne": ("gate/oversight_trail.html", nobody),
        "surveillance-activite": ("gate/oversight_activity.html", {"busy": busy, "more": 3}),
        "surveillance-urgences": ("gate/oversight_reviews.html", {"reviews": reviews}),
        "surveillance-tirage": (
            "gate/oversight_draws.html",
            {"draws": [draw], "to_explain": [(drawn, "Cardiologie B")], "months": [date(2026, 11, 1)], "done": None},
        ),
        "surveillance-patient": (
            "gate/oversight_patient.html",
            {"patient": people[0], "until": now, "openings": openings, "truncated": True},
        ),
        "relectures": ("gate/oversight_drawn.html", {"drawn": [(drawn, "Cardiologie B")], "done": None}),
    }
