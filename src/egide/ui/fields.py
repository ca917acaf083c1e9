"""Form fields for French typing: decimal comma, a pair in one field ("142/81"), a moment."""

import re
from datetime import datetime
from decimal import Decimal

from django import forms
from django.utils import timezone

from egide.ui.text import _, _lazy

_NUMBER = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,4})?")
_MOMENT = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})[ ,à]+(\d{1,2})[:hH](\d{2})")
_PAIR = re.compile(r"([0-9]{1,3})\s*[/\-\s]\s*([0-9]{1,3})")


class CommaDecimalField(forms.CharField):
    """A number typed with a comma or a point ("37,2"); cleans to Decimal or None. Nothing else is guessed."""

    _UNREAD = _lazy("Écrivez un nombre, par exemple 37,2.")
    default_error_messages = {"invalid": _UNREAD, "max_length": _UNREAD}

    def __init__(self, *, minimum: Decimal | None = None, maximum: Decimal | None = None, unit: str = "", **kw: object):
        self.minimum, self.maximum, self.unit = minimum, maximum, unit
        kw.setdefault("required", False)
        kw.setdefault("max_length", 12)
        super().__init__(**kw)  # type: ignore[arg-type]

    def clean(self, value: object) -> Decimal | None:
        """Decimal, or None when empty; raises ValidationError with a sentence that gives the bounds."""
        typed = super().clean(value)
        if not typed:
            return None
        if not _NUMBER.fullmatch(typed):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        number = Decimal(typed.replace(",", "."))
        low, high = self.minimum, self.maximum
        if (low is not None and number < low) or (high is not None and number > high):
            raise forms.ValidationError(
                _("Valeur impossible : attendue entre %(low)s et %(high)s %(unit)s. Vérifiez la saisie.")
                % {"low": _plain(low), "high": _plain(high), "unit": self.unit},
                code="impossible",
            )
        return number


class PairField(forms.CharField):
    """Two whole numbers in one field, "142/81" (also "142 81", "142-81"); cleans to (first, second) or None.

    The bounds of each number belong to the room that knows what they measure; `unit` is said beside the field.
    """

    _UNREAD = _lazy("Écrivez les deux valeurs avec une barre : 142/81.")
    default_error_messages = {"invalid": _UNREAD, "max_length": _UNREAD}

    def __init__(self, *, unit: str = "", **kw: object):
        self.unit = unit
        kw.setdefault("required", False)
        kw.setdefault("max_length", 12)
        super().__init__(**kw)  # type: ignore[arg-type]

    def clean(self, value: object) -> tuple[int, int] | None:
        """The pair, or None when empty."""
        typed = super().clean(value)
        if not typed:
            return None
        found = _PAIR.fullmatch(typed)
        if found is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return int(found[1]), int(found[2])


def _plain(number: Decimal | None) -> str:
    return "" if number is None else f"{number:f}".replace(".", ",")


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
