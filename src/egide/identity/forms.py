"""The shape of a search: names, a birth date as people say it, a number. Nothing is guessed."""

import re
from datetime import date

from django import forms
from django.utils import timezone

from egide.identity.rules import storage_case, unknown_day
from egide.ui.text import _, _lazy

_DATE = re.compile(r"(?:(\d{1,2}|\?{1,2})\s*[/.\- ]\s*)?(?:(\d{1,2}|\?{1,2})\s*[/.\- ]\s*)?(\d{4})")
_RUN = re.compile(r"(\d{2})(\d{2})(\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_PHONE = re.compile(r"(?:0|\+33|0033)[1-9][0-9]{8}")
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
    """What is typed to find somebody. `number` is an INS (15 characters), an IPP, or a caller's phone number."""

    name = forms.CharField(label=_lazy("Nom"), max_length=100, required=False)
    first_name = forms.CharField(label=_lazy("Prénom"), max_length=100, required=False)
    birth_date = BirthDateField(label=_lazy("Date de naissance"), max_length=20, required=False)
    place = forms.CharField(label=_lazy("Lieu de naissance"), max_length=100, required=False)
    number = forms.CharField(label=_lazy("INS ou IPP"), max_length=40, required=False)
    unmask = forms.BooleanField(required=False)
    group = forms.BooleanField(required=False)

    def typed(self) -> dict[str, str]:
        """What the keeper is asked, after `is_valid()`."""
        found = {key: self.cleaned_data[key] for key in ("name", "first_name", "birth_date", "place")}
        number = re.sub(r"[\s.]", "", self.cleaned_data["number"]).upper()
        if _PHONE.fullmatch(number):
            found["phone"] = number
        elif number:
            found["ins" if _INS.fullmatch(number) else "ipp"] = number
        return {key: value for key, value in found.items() if value}


class PresentName(forms.Form):
    """Whom a caller or a visitor asks for."""

    name = forms.CharField(label=_lazy("Nom"), max_length=100, required=False)
    first_name = forms.CharField(label=_lazy("Prénom"), max_length=100, required=False)


SEXES = ("F", "M", "I")
_PLACE = re.compile(r"([0-9][0-9AB][0-9]{3})(?:[ |,]+(.*))?", re.IGNORECASE)
_OLDEST = 130


class NameField(forms.CharField):
    """A name; cleans to RNIV's storage case. Signs that no name holds are refused, not dropped."""

    def clean(self, value: object) -> str:
        """Upper case without diacritics, hyphens and apostrophes kept; a sentence for what is no name."""
        typed = (super().clean(value) or "").strip()
        if not typed:
            return ""
        if not all(sign.isalpha() or sign in " -'’ʼ./" or _combines(sign) for sign in typed):
            raise forms.ValidationError(
                _("Un nom s'écrit avec des lettres, un trait d'union ou une apostrophe."), code="invalid"
            )
        stored = storage_case(typed)
        if not stored.strip(" -'"):
            raise forms.ValidationError(_("Écrivez ce nom en lettres latines."), code="invalid")
        return stored


def _combines(sign: str) -> bool:
    return "\u0300" <= sign <= "\u036f"


class NewIdentity(forms.Form):
    """The five strict traits of a creation (RNIV EXI PP 02), and the used name when it is another. No default."""

    birth_name = NameField(label=_lazy("Nom de naissance"), max_length=100, required=False)
    first_name = NameField(label=_lazy("Premier prénom de naissance"), max_length=100, required=False)
    birth_date = BirthDateField(label=_lazy("Date de naissance"), max_length=20, required=False)
    sex = forms.CharField(label=_lazy("Sexe"), max_length=1, required=False)
    birth_place = forms.CharField(label=_lazy("Lieu de naissance"), max_length=100, required=False)
    used_name = NameField(label=_lazy("Nom utilisé, s'il est différent"), max_length=100, required=False)
    used_first_name = NameField(label=_lazy("Prénom utilisé, s'il est différent"), max_length=100, required=False)
    another = forms.BooleanField(required=False)
    unmask = forms.BooleanField(required=False)

    _MISSING = {
        "birth_name": _lazy("Écrivez le nom de naissance, celui de la pièce d'identité."),
        "first_name": _lazy("Écrivez le premier prénom de naissance."),
        "birth_date": _lazy("Écrivez la date de naissance ; ? pour un jour ou un mois inconnu."),
        "sex": _lazy("Choisissez féminin, masculin ou indéterminé."),
        "birth_place": _lazy("Écrivez la commune ou son code INSEE ; 99999 si le lieu est inconnu."),
    }

    def clean(self) -> dict[str, object]:
        """Each missing trait has its own sentence: nothing is filled in for anybody."""
        cleaned = super().clean() or self.cleaned_data
        for name, sentence in self._MISSING.items():
            if name not in self.errors and not cleaned.get(name):
                self.add_error(name, str(sentence))
        return cleaned

    def clean_birth_date(self) -> str:
        """The day as stored (RNIV PP 19 for unknown parts); refuses one that does not exist or is yet to come."""
        typed = self.cleaned_data["birth_date"]
        if not typed:
            return ""
        year, month, day = (None if part == "??" else int(part) for part in typed.split("-"))
        try:
            born = unknown_day(year or 0, month, day)
        except ValueError:
            raise forms.ValidationError(_("Cette date n'existe pas : vérifiez le jour, le mois et l'année.")) from None
        today = timezone.localdate()
        if born > today and month is None and day is None and year == today.year:
            born = today
        if born > today:
            raise forms.ValidationError(_("Cette date est dans l'avenir : vérifiez l'année."))
        if born.year < today.year - _OLDEST:
            raise forms.ValidationError(_("Personne de vivant n'est né si tôt : vérifiez l'année."))
        return date.isoformat(born)

    def clean_sex(self) -> str:
        """F, M or I (INSi returns the first two only)."""
        typed = self.cleaned_data["sex"]
        if typed and typed not in SEXES:
            raise forms.ValidationError(_("Choisissez féminin, masculin ou indéterminé."))
        return str(typed)

    def clean_birth_place(self) -> str:
        """`code|label`: an INSEE code with or without a name, a name alone, or 99999 when nobody knows."""
        typed = " ".join(self.cleaned_data["birth_place"].split())
        if not typed:
            return ""
        if found := _PLACE.fullmatch(typed):
            return f"{found[1].upper()}|{storage_case(found[2] or '')}"
        if any(sign.isdigit() for sign in typed) or not storage_case(typed).strip(" -'"):
            raise forms.ValidationError(_("Écrivez une commune, ou un code INSEE de cinq caractères."))
        return f"|{storage_case(typed)}"

    def traits(self) -> dict[str, str]:
        """Kind of trait → value, after `is_valid()`; used names only when they differ (RNIV SI 21)."""
        cleaned = self.cleaned_data
        found = {kind: cleaned[kind] for kind in ("birth_name", "first_name", "birth_date", "sex", "birth_place")}
        for kind, own in (("used_name", "birth_name"), ("used_first_name", "first_name")):
            if cleaned[kind] and cleaned[kind] != cleaned[own]:
                found[kind] = cleaned[kind]
        return found

    def typed(self) -> dict[str, str]:
        """What the search is asked before anybody is created."""
        traits = self.traits()
        return {
            "name": traits["birth_name"], "first_name": traits["first_name"], "birth_date": traits["birth_date"],
            "place": traits["birth_place"].partition("|")[2],
        }  # fmt: skip
