"""The shape of an appointment as typed: unit, professional, moment, length, what for."""

from datetime import datetime
from uuid import UUID

from django import forms

from egide.agenda.rules import LONGEST, SHORTEST
from egide.ui.fields import MomentField
from egide.ui.text import _lazy


class Booking(forms.Form):
    """One appointment to be given."""

    unit = forms.UUIDField(
        label=_lazy("Unité"),
        error_messages={"required": _lazy("Choisissez l'unité."), "invalid": _lazy("Choisissez l'unité.")},
    )
    professional = forms.UUIDField(
        label=_lazy("Avec"), required=False, error_messages={"invalid": _lazy("Choisissez une personne de la liste.")}
    )
    at = MomentField(label=_lazy("Le"), max_length=30, required=False)
    minutes = forms.IntegerField(
        label=_lazy("Durée (min)"),
        min_value=SHORTEST,
        max_value=LONGEST,
        initial=20,
        error_messages={
            "required": _lazy("Donnez la durée en minutes, par exemple 20."),
            "invalid": _lazy("Donnez la durée en minutes, par exemple 20."),
            "min_value": _lazy("Un rendez-vous dure au moins 5 minutes."),
            "max_value": _lazy("Un rendez-vous dure au plus 480 minutes (8 heures)."),
        },
    )
    reason = forms.CharField(
        label=_lazy("Motif"),
        max_length=200,
        required=False,
        error_messages={"max_length": _lazy("Le motif tient en 200 signes.")},
    )

    def place(self) -> tuple[UUID, UUID | None, datetime, int, str]:
        """Unit, professional, moment, minutes, reason, after `is_valid()`."""
        data = self.cleaned_data
        return data["unit"], data["professional"], data["at"], data["minutes"], data["reason"].strip()
