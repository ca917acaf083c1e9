"""What DPO and RSSI type: filters of the trail, a reason, a month. Shape only: the gate decides."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from egide.gate.oversight import IDENTITY_REASONS, Asked
from egide.kernel.codes import Basis
from egide.ui import words
from egide.ui.text import _lazy

PARIS = ZoneInfo("Europe/Paris")
ANY = ("", _lazy("tous"))
# What a line is; several codes of the trail stay out: whoever wants them filters by person.
KINDS = {
    "open": _lazy("ouverture"),
    "refuse": _lazy("refus"),
    "break_glass": _lazy("accès d'urgence"),
    "search": _lazy("recherche"),
    "act": _lazy("acte"),
    "link": _lazy("prise en charge"),
    "trail_read": _lazy("lecture de la trace"),
    "words": _lazy("lecture d'un motif"),
    "review": _lazy("relecture"),
    "sign_in": _lazy("connexion"),
    "sign_in_refused": _lazy("connexion refusée"),
    "shift": _lazy("prise de poste"),
    "open_rescue": _lazy("session de secours ouverte"),
}
PURPOSES = {
    "care": _lazy("soins"),
    "unit_list": _lazy("liste de l'unité"),
    "my_day": _lazy("ma journée"),
    "print": _lazy("impression"),
    "search": _lazy("recherche"),
    "access_review": _lazy("contrôle des accès"),
    "oversight": _lazy("surveillance"),
    "import": _lazy("reprise de données"),
}
BASES: dict[str, Any] = {basis: words.BASES[basis] for basis in Basis}
REASONS = {
    "patient_request": _lazy("Demande du patient (droit d'accès)"),
    "complaint": _lazy("Plainte ou réclamation"),
    "incident": _lazy("Incident de sécurité"),
    "review": _lazy("Relecture d'un accès d'urgence"),
    "authority": _lazy("Demande d'une autorité"),
}
YEARS = timedelta(days=366 * 10)


def _choices(words: dict[str, Any]) -> list[tuple[str, Any]]:
    return [ANY, *words.items()]


class TrailFilter(forms.Form):
    """Filters of the trail; every one may be left empty. The period: the last seven days by default."""

    since = forms.DateField(label=_lazy("Du"), required=False, input_formats=["%Y-%m-%d", "%d/%m/%Y"])
    until = forms.DateField(label=_lazy("Au"), required=False, input_formats=["%Y-%m-%d", "%d/%m/%Y"])
    who = forms.CharField(label=_lazy("Personne"), required=False, max_length=80)
    account = forms.UUIDField(required=False)
    unit = forms.UUIDField(label=_lazy("Unité"), required=False)
    patient = forms.UUIDField(
        label=_lazy("Patient (pseudonyme)"),
        required=False,
        error_messages={"invalid": _lazy("Un pseudonyme s'écrit comme dans la liste : 36 caractères, tirets compris.")},
    )
    kind = forms.ChoiceField(label=_lazy("Ligne"), required=False, choices=_choices(KINDS))
    purpose = forms.ChoiceField(label=_lazy("Motif"), required=False, choices=_choices(PURPOSES))
    basis = forms.ChoiceField(label=_lazy("Fondement"), required=False, choices=_choices(BASES))
    before = forms.IntegerField(required=False, min_value=1, max_value=2**62)

    def clean(self) -> dict[str, Any]:
        """The last seven days unless a period is typed; the end is not before the beginning, nor ten years after."""
        found = super().clean() or {}
        if not {"since", "until"} & set(self.errors):
            today = timezone.localdate()
            until: date = found.get("until") or max(today, found.get("since") or today)
            since: date = found.get("since") or _days_before(until, 7)
            if until < since or until - since > YEARS or not 2000 <= since.year <= until.year < 2200:
                self.add_error("until", str(_lazy("La fin vient après le début, dix ans au plus.")))
            found |= {"since": since, "until": until}
        return found

    def asked(self, account: Any) -> Asked:
        """The question, once the form is valid; `account` was resolved from the name."""
        found = self.cleaned_data
        return Asked(
            since=_midnight(found["since"]),
            until=_midnight(found["until"] + timedelta(days=1)),
            account=account,
            unit=found.get("unit"),
            patient=found.get("patient"),
            kind=found.get("kind") or None,
            purpose=found.get("purpose") or None,
            basis=found.get("basis") or None,
            before=found.get("before"),
        )


class Naming(forms.Form):
    """Why one patient is named."""

    patient = forms.UUIDField()
    reason = forms.ChoiceField(
        choices=[*REASONS.items(), *IDENTITY_REASONS.items()],
        error_messages={"required": _lazy("Choisissez un motif."), "invalid_choice": _lazy("Choisissez un motif.")},
    )


class Month(forms.Form):
    """The month to draw, by its first day."""

    month = forms.DateField(input_formats=["%Y-%m-%d"])


def _days_before(day: date, count: int) -> date:
    return date.fromordinal(max(1, day.toordinal() - count + 1))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=PARIS)
