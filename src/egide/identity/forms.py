"""The shape of a search: names, a birth date as people say it, a number. Nothing is guessed."""

import re

from django import forms

from egide.ui.text import _, _lazy

_DATE = re.compile(r"(?:(\d{1,2}|\?{1,2})\s*[/.\- ]\s*)?(?:(\d{1,2}|\?{1,2})\s*[/.\- ]\s*)?(\d{4})")
_RUN = re.compile(r"(\d{2})(\d{2})(\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_INS = re.compile(r"[0-9AB]{15}")


class BirthDateField(forms.CharField):
    """`12/03/1952`, `12031952`, `12 3 1952`; `?/03/1952` or `1952` when nobody knows more. Cleans to ISO with `??`."""

    def clean(self, value: object) -> str:
        """`1952-03-12`, `1952-03-??`, `1952-??-??` or empty; a sentence for anything else."""
        typed = (super().clean(value) or "").strip()
        if not typed:
            return ""
        if found := _ISO.fullmatch(typed):
            year, month, day = found.groups()
        elif found := _RUN.fullmatch(typed):
            day, month, year = found.groups()
        elif found := _DATE.fullmatch(typed):
            day, month, year = found[1], found[2], found[3]
            if month is None and day is not None:
                day, month = None, day  # "03/1952" is a month
        else:
            raise forms.ValidationError(_("Écrivez la date avec l'année entière : 12/03/1952."), code="invalid")
        return f"{year}-{_two(month)}-{_two(day)}"


def _two(part: str | None) -> str:
    return "??" if part is None or "?" in part else f"{int(part):02}"


class Search(forms.Form):
    """What is typed to find somebody. `number` is an INS (15 characters) or an IPP."""

    name = forms.CharField(label=_lazy("Nom"), max_length=100, required=False)
    first_name = forms.CharField(label=_lazy("Prénom"), max_length=100, required=False)
    birth_date = BirthDateField(label=_lazy("Date de naissance"), max_length=20, required=False)
    place = forms.CharField(label=_lazy("Lieu de naissance"), max_length=100, required=False)
    number = forms.CharField(label=_lazy("INS ou IPP"), max_length=40, required=False)
    unmask = forms.BooleanField(required=False)

    def typed(self) -> dict[str, str]:
        """What the keeper is asked, after `is_valid()`."""
        found = {key: self.cleaned_data[key] for key in ("name", "first_name", "birth_date", "place")}
        number = re.sub(r"\s", "", self.cleaned_data["number"]).upper()
        if number:
            found["ins" if _INS.fullmatch(number) else "ipp"] = number
        return {key: value for key, value in found.items() if value}
