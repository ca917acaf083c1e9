"""Shape of what is typed: vital signs."""

from decimal import Decimal
from typing import Any

from django import forms

from egide.kernel.codes import BY_SLUG
from egide.record.rules import pair_problem
from egide.ui.fields import CommaDecimalField, PairField
from egide.ui.text import _, _lazy


def _number(slug: str, label: Any) -> CommaDecimalField:
    sign = BY_SLUG[slug]
    return CommaDecimalField(minimum=sign.low, maximum=sign.high, unit=sign.unit_label, label=label)


class VitalSigns(forms.Form):
    """One reading; every field may stay empty, not all of them."""

    bp = PairField(label=_lazy("Tension"))
    pulse = _number("pulse", _lazy("Pouls"))
    temperature = _number("temperature", _lazy("Température"))
    spo2 = _number("spo2", _lazy("SpO₂"))
    respiratory_rate = _number("respiratory_rate", _lazy("Fréq. resp."))
    pain = _number("pain", _lazy("Douleur"))
    weight = _number("weight", _lazy("Poids"))
    height = _number("height", _lazy("Taille"))
    comment = forms.CharField(required=False, max_length=500, label=_lazy("Commentaire"))

    def clean_bp(self) -> tuple[int, int] | None:
        """Both halves possible, in the right order."""
        pair: tuple[int, int] | None = self.cleaned_data["bp"]
        if pair is not None and (problem := pair_problem(*pair)):
            raise forms.ValidationError(problem, code="impossible")
        return pair

    def clean(self) -> dict[str, Any]:
        """At least one value."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not self.values():
            raise forms.ValidationError(_("Rien n'a été saisi : écrivez au moins une valeur."), code="empty")
        return cleaned

    def values(self) -> dict[str, Decimal]:
        """Slug → value typed."""
        cleaned = self.cleaned_data
        found: dict[str, Decimal] = {}
        if cleaned.get("bp"):
            found["systolic"], found["diastolic"] = (Decimal(half) for half in cleaned["bp"])
        for slug in ("pulse", "temperature", "spo2", "respiratory_rate", "pain", "weight", "height"):
            if cleaned.get(slug) is not None:
                found[slug] = cleaned[slug]
        return found
