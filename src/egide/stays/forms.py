"""The shape of an admission, a move and a discharge: a unit, a bed, a moment."""

from uuid import UUID

from django import forms

from egide.ui.fields import MomentField
from egide.ui.text import _lazy


class Place(forms.Form):
    """Where: a unit of the site and, when it has one, a bed; and when (a move is now)."""

    unit = forms.UUIDField(
        label=_lazy("Unité"),
        error_messages={"required": _lazy("Choisissez l'unité."), "invalid": _lazy("Choisissez l'unité.")},
    )
    bed = forms.UUIDField(
        label=_lazy("Lit"), required=False, error_messages={"invalid": _lazy("Choisissez un lit de la liste.")}
    )
    at = MomentField(label=_lazy("Entrée le"), max_length=30, required=False)
    kept_secret = forms.BooleanField(required=False)

    def place(self) -> tuple[UUID, UUID | None]:
        """Unit and bed, after `is_valid()`."""
        return self.cleaned_data["unit"], self.cleaned_data["bed"]


class Leaving(forms.Form):
    """When somebody leaves."""

    at = MomentField(label=_lazy("Sortie le"), max_length=30, required=False)
