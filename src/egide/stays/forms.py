"""The shape of an admission, a move and a discharge: a unit, a bed, a moment."""

import re
from datetime import datetime
from uuid import UUID

from django import forms
from django.utils import timezone

from egide.ui.text import _, _lazy

_MOMENT = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})[ ,à]+(\d{1,2})[:hH](\d{2})")


class MomentField(forms.CharField):
    """`24/11/2026 08:25` as people write it; empty is now. Cleans to an aware datetime."""

    def clean(self, value: object) -> datetime:
        """Refuses, with a sentence, what is no moment of the calendar."""
        typed = (super().clean(value) or "").strip()
        if not typed:
            return timezone.now()
        found = _MOMENT.fullmatch(typed)
        try:
            if found is None:
                raise ValueError
            day, month, year, hour, minute = map(int, found.groups())
            naive = datetime(year, month, day, hour, minute)  # noqa: DTZ001 — made aware on the next line
            return timezone.make_aware(naive, timezone.get_default_timezone())
        except (ValueError, OverflowError):
            raise forms.ValidationError(_("Écrivez la date et l'heure : 24/11/2026 08:25."), code="invalid") from None


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
