"""Shape of what is typed: vital signs, sections of a note, why something is corrected."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from egide.kernel.codes import BY_CODE, BY_SLUG, GROUPS
from egide.record.rules import SECTIONS, note_problem, pair_problem
from egide.ui.fields import CommaDecimalField, PairField
from egide.ui.text import _, _lazy
from egide.ui.words import ALLERGY_SEVERITY, CONTACT_PEOPLE, DIRECTIVES, MEASURES, RESTRICTIONS, word


def _number(slug: str, label: Any) -> CommaDecimalField:
    sign = BY_SLUG[slug]
    return CommaDecimalField(minimum=sign.low, maximum=sign.high, unit=sign.unit_label, label=label)


def _pair_words(problem: str) -> str:
    """What `rules.pair_problem` found, as a sentence."""
    if problem == "order":
        return _("La première valeur (systolique) doit dépasser la seconde : écrivez par exemple 142/81.")
    high, low = BY_SLUG["systolic"], BY_SLUG["diastolic"]
    return _(
        "Valeur impossible : systolique attendue entre %(high_from)s et %(high_to)s, "
        "diastolique entre %(low_from)s et %(low_to)s mmHg. Vérifiez la saisie."
    ) % {"high_from": high.low, "high_to": high.high, "low_from": low.low, "low_to": low.high}


class VitalSigns(forms.Form):
    """One reading; every field may stay empty, not all of them."""

    bp = PairField(label=_lazy("Tension"), unit=BY_SLUG["systolic"].unit_label)
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
            raise forms.ValidationError(_pair_words(problem), code="impossible")
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


@cache
def nothing_typed() -> VitalSigns:
    """The form as every chart shows it first; shared, so it is never bound nor changed."""
    return VitalSigns()


class Amend(forms.Form):
    """Why a fact was entered in error or is replaced."""

    reason = forms.CharField(
        label=_lazy("Pourquoi"),
        min_length=3,
        max_length=300,
        help_text=_lazy("Par exemple : saisi pour le voisin de chambre."),
        error_messages={"required": _lazy("Dites en quelques mots pourquoi.")},
    )


SECTION_LENGTH = 8000


class Writing(forms.Form):
    """Sections of a note as typed; `signing` also asks that they say something. Fields are the template's sections."""

    draft = forms.UUIDField()
    revision = forms.IntegerField(min_value=0, max_value=1_000_000)

    def __init__(self, kind: str, template: str, data: Any = None, *, signing: bool = False, **kw: Any) -> None:
        super().__init__(data, **kw)
        self.kind, self.slugs, self.signing = kind, SECTIONS[template], signing
        self.kept_at: datetime | None = None
        for slug in self.slugs:
            short = slug == "target"
            self.fields[slug] = forms.CharField(
                required=False, label=word(slug, "section"), max_length=120 if short else SECTION_LENGTH
            )

    def clean(self) -> dict[str, Any]:
        """A sentence for what cannot be signed; a draft may be anything."""
        cleaned = super().clean() or self.cleaned_data
        if self.signing and not self.errors:
            wrong = note_problem(self.kind, self.sections())
            if wrong == "no_target":
                self.add_error("target", _("Nommez la cible : douleur, chute, pansement, sommeil…"))
            elif wrong == "target_only":
                raise forms.ValidationError(_("Écrivez au moins une donnée, une action ou un résultat."))
            elif wrong:
                raise forms.ValidationError(_("Écrivez au moins une rubrique."))
        return cleaned

    def sections(self) -> dict[str, str]:
        """Slug → text, every section of the template."""
        return {slug: str(self.cleaned_data.get(slug) or "") for slug in self.slugs}


class CorrectedText(Writing):
    """The sections of a signed note, corrected by its author."""

    def __init__(self, kind: str, template: str, data: Any = None, **kw: Any) -> None:
        super().__init__(kind, template, data, signing=True, **kw)
        del self.fields["draft"], self.fields["revision"]


class CorrectedValues(forms.Form):
    """The values of a reading in the order they are shown, each posted as `value`; those that changed are replaced."""

    def __init__(self, rows: list[tuple[UUID, str, Decimal]], typed: list[str] | None = None) -> None:
        super().__init__(None if typed is None else {str(place): one for place, one in enumerate(typed)})
        self.rows = [(row_id, value) for row_id, code, value in rows if code in BY_CODE]
        for place, (code, value) in enumerate((code, value) for _row, code, value in rows if code in BY_CODE):
            sign = BY_CODE[code]
            self.fields[str(place)] = CommaDecimalField(
                minimum=sign.low, maximum=sign.high, unit=sign.unit_label, label=MEASURES[sign.label], required=True,
                initial=f"{value:.{sign.decimals}f}".replace(".", ","),
                error_messages={"required": _lazy("Écrivez la valeur exacte, ou signalez une erreur.")},
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """As many values as are shown, and another one among them."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and (len(self.data) != len(self.rows) or not self.changed()):
            raise forms.ValidationError(_("Aucune valeur n'a changé."))
        return cleaned

    def changed(self) -> dict[UUID, Decimal]:
        """Row id → its right value."""
        typed = ((row_id, value, self.cleaned_data[str(place)]) for place, (row_id, value) in enumerate(self.rows))
        return {row_id: now for row_id, value, now in typed if now != value}


class _Past(forms.DateField):
    """A day typed JJ/MM/AAAA, not after today."""

    def __init__(self, **kw: Any) -> None:
        unread = _lazy("Écrivez la date en entier : 12/03/2024.")
        kw.setdefault("error_messages", {"invalid": unread, "required": unread})
        super().__init__(input_formats=["%d/%m/%Y"], **kw)

    def to_python(self, value: Any) -> Any:
        """Refuses a day to come and a year before 1900."""
        found = super().to_python(value)
        if found is not None and found.year < 1900:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        if found is not None and found > timezone.localdate():
            raise forms.ValidationError(_("Cette date est à venir : vérifiez l'année."), code="future")
        return found


class ProblemForm(forms.Form):
    """A problem or an antecedent: a code picked in the CIM-10, or words only."""

    q = forms.CharField(
        required=False, max_length=200, label=_lazy("Diagnostic, ou code CIM-10"),
        help_text=_lazy("Quelques lettres de chaque mot suffisent : insuf card."),
    )  # fmt: skip
    code = forms.CharField(required=False, max_length=8)
    kind = forms.ChoiceField()
    onset = _Past(required=False, label=_lazy("Depuis le"), help_text=_lazy("JJ/MM/AAAA, si on le sait"))

    def __init__(self, kinds: tuple[str, ...], data: Any = None, **kw: Any) -> None:
        super().__init__(data, **kw)
        self.fields["kind"] = forms.ChoiceField(
            choices=[(kind, word(kind, "problem_kind")) for kind in kinds], label=_("Ce que c'est"), initial=kinds[0]
        )

    def clean(self) -> dict[str, Any]:
        """Words or a code."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not (cleaned.get("q") or cleaned.get("code")):
            self.add_error("q", _("Écrivez un diagnostic, ou choisissez un code."))
        return cleaned


class AllergyForm(forms.Form):
    """An allergy or intolerance."""

    substance = forms.CharField(
        max_length=120, label=_lazy("Substance"),
        error_messages={"required": _lazy("Nommez la substance : pénicilline, latex, arachide…")},
    )  # fmt: skip
    reaction = forms.CharField(required=False, max_length=200, label=_lazy("Réaction"))
    severity = forms.ChoiceField(
        required=False, label=_lazy("Gravité"),
        choices=[("", _lazy("non précisée")), *ALLERGY_SEVERITY.items()],
    )  # fmt: skip


class EndForm(forms.Form):
    """Since when a fact is over."""

    since = _Past(label=_lazy("Terminé le"))


class RestrictForm(forms.Form):
    """Why a fact is restricted."""

    why = forms.ChoiceField(
        choices=[("", _lazy("choisir…")), *RESTRICTIONS.items()], label=_lazy("Pourquoi"),
        error_messages={"required": _lazy("Choisissez un motif."), "invalid_choice": _lazy("Choisissez un motif.")},
    )  # fmt: skip


class ContactPersonForm(forms.Form):
    """A person to call."""

    kind = forms.ChoiceField(choices=list(CONTACT_PEOPLE.items()), label=_lazy("Qui"))
    name = forms.CharField(
        max_length=120, label=_lazy("Nom et prénom"), error_messages={"required": _lazy("Écrivez un nom.")}
    )
    relation = forms.CharField(required=False, max_length=80, label=_lazy("Lien avec le patient"))
    phone = forms.RegexField(
        r"^[0-9+(). \-]{4,30}$", required=False, label=_lazy("Téléphone"),
        error_messages={"invalid": _lazy("Écrivez un numéro : 06 39 98 01 02.")},
    )  # fmt: skip


class DirectiveForm(forms.Form):
    """What the patient says of advance directives."""

    kind = forms.ChoiceField(choices=list(DIRECTIVES.items()), label=_lazy("Directives anticipées"))
    where = forms.CharField(required=False, max_length=200, label=_lazy("Où elles sont gardées"))
    words = forms.CharField(required=False, max_length=2000, label=_lazy("Ce qu'elles disent"))


ROUND = ("bp", "pulse", "temperature", "spo2", "respiratory_rate", "pain")


class RoundLine(VitalSigns):
    """One patient's line of a round; it may stay empty."""

    def __init__(self, data: Any = None, **kw: Any) -> None:
        super().__init__(data, **kw)
        for slug in set(self.fields) - set(ROUND):
            del self.fields[slug]

    def clean(self) -> dict[str, Any]:
        """Empty is no fault here."""
        return self.cleaned_data


def round_lines(ids: Sequence[UUID], posted: Any) -> dict[UUID, RoundLine] | None:
    """The lines of a posted round, for the patients of a list: each field is repeated, in the order of `patient`.

    None when the fields do not match, or name somebody who is not on the list.
    """
    if posted is None:
        return {patient: RoundLine() for patient in ids}
    named = posted.getlist("patient")
    columns = {slug: posted.getlist(slug) for slug in ROUND}
    known = {str(patient): patient for patient in ids}
    if len(set(named)) != len(named) or any(len(column) != len(named) for column in columns.values()):
        return None
    if not set(named) <= known.keys():
        return None
    return {
        known[name]: RoundLine({slug: column[place] for slug, column in columns.items()})
        for place, name in enumerate(named)
    }


class Measures(forms.Form):
    """Any of the parameters that a ward measures besides the vital signs."""

    def __init__(self, data: Any = None, *, groups: Sequence[str] = tuple(GROUPS), **kw: Any) -> None:
        super().__init__(data, **kw)
        self.groups = {group: [sign.slug for sign in GROUPS[group]] for group in groups}
        for slug in (slug for slugs in self.groups.values() for slug in slugs):
            self.fields[slug] = _number(slug, MEASURES[BY_SLUG[slug].label])
        self.fields["comment"] = forms.CharField(required=False, max_length=500, label=_("Commentaire"))

    def clean(self) -> dict[str, Any]:
        """At least one value."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not self.values():
            raise forms.ValidationError(_("Rien n'a été saisi : écrivez au moins une valeur."), code="empty")
        return cleaned

    def values(self) -> dict[str, Decimal]:
        """Slug → value typed."""
        found = {slug: self.cleaned_data.get(slug) for slugs in self.groups.values() for slug in slugs}
        return {slug: value for slug, value in found.items() if value is not None}
