"""What administrators and cadres type about people: shape only. Every rule over an act is in the base."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django import forms

from egide.kernel.codes import Profession
from egide.ui.refusals import refusal
from egide.ui.text import _, _lazy
from egide.ui.words import PROFESSIONS

TITLES = [("", _lazy("aucun")), ("Dr", _lazy("Dr")), ("Pr", _lazy("Pr"))]
STATES = {
    "working": _lazy("en fonction"),
    "waiting": _lazy("pas encore en fonction"),
    "suspended": _lazy("suspendu"),
    "ended": _lazy("parti"),
    "none": _lazy("sans profession en cours"),
}
DUTIES = {
    "cadre": _lazy("cadre de santé"),
    "chief": _lazy("chef de service"),
    "guard": _lazy("administrateur de garde"),
}
WHY = {
    "first": _lazy("Première clé, à l'arrivée"),
    "lost": _lazy("Clé perdue ou volée : elle est morte dès le premier oui"),
    "broken": _lazy("Clé cassée ou code oublié : elle est morte dès le premier oui"),
    "more": _lazy("Une clé de plus, en réserve"),
}
# What the base says of an act that cannot be, and beside which field the sentence stands.
SAID: dict[str, tuple[str, Any]] = {
    "bad_username": ("username", _lazy(
        "Écrivez un nom de compte de 2 à 61 lettres minuscules, chiffres, points ou tirets."
    )),
    "username_taken": ("username", _lazy("Ce nom de compte est pris : ajoutez une initiale ou un chiffre.")),
    "bad_name": ("family", _lazy("Écrivez le nom et le prénom.")),
    "bad_profession": ("profession", _lazy("Choisissez une profession de la liste.")),
    "bad_rpps": ("rpps", _lazy(
        "Ce numéro RPPS est faux : ses onze chiffres ne s'accordent pas. Relisez-le sur la carte CPS."
    )),
    "rpps_taken": ("rpps", _lazy(
        "Une personne en fonction porte déjà ce numéro RPPS : cherchez-la dans le personnel."
    )),
    "bad_site": ("site", _lazy("Choisissez un établissement de la liste.")),
    "not_your_site": ("site", _lazy(
        "Votre fonction couvre d'autres établissements : demandez à l'administrateur de celui-ci, ou à celui du groupe."
    )),
    "bad_unit": ("units", _lazy("Choisissez des unités de cet établissement, huit au plus.")),
    "bad_date": ("since", _lazy("Cette date n'existe pas ou est trop lointaine : écrivez-la comme 03/11/2026.")),
    "bad_period": ("until", _lazy("La fin doit venir après le début.")),
    "unknown_colleague": ("account", _lazy("Choisissez un professionnel qui peut siéger à cette commission.")),
    "concerns_you": ("account", _lazy("Un mandat se donne à quelqu'un d'autre : choisissez une autre personne.")),
    "mandate_end": ("until", _lazy("Un mandat finit après aujourd'hui et dans trois mois au plus.")),
    "already_granted": ("profession", _lazy("Elle a déjà cela à cette date : rien à ajouter.")),
}  # fmt: skip
EVERYWHERE = "group"
_USERNAME = re.compile(r"[^a-z0-9]+")


class DayField(forms.DateField):
    """A day, as browsers send it or as people write it; cleans to ISO or empty."""

    def __init__(self, **kw: Any) -> None:
        kw.setdefault("required", False)
        kw.setdefault("input_formats", ["%Y-%m-%d", "%d/%m/%Y"])
        kw.setdefault("error_messages", {"invalid": _lazy("Écrivez la date comme 03/11/2026.")})
        super().__init__(**kw)

    def clean(self, value: Any) -> Any:
        """ISO text."""
        day = super().clean(value)
        return day.isoformat() if day else ""


class PlacesField(forms.MultipleChoiceField):
    """Several boxes of one name, empty ones left out."""

    def clean(self, value: Any) -> Any:
        """The ids chosen, each once."""
        return super().clean(list(dict.fromkeys(one for one in value or [] if one)))


def professions() -> list[tuple[str, Any]]:
    """Professions that a person may hold, by name."""
    held = [(one.value, PROFESSIONS[one.value]) for one in Profession if one is not Profession.APPLICATION]
    return sorted(held, key=lambda pair: plain(str(pair[1])))


@dataclass(frozen=True, slots=True)
class Where:
    """The units and sites to choose among: id and name."""

    units: Sequence[tuple[str, str]] = ()
    sites: Sequence[tuple[str, str]] = ()


def plain(text: str) -> str:
    """Lower case, without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))


class StaffFilter(forms.Form):
    """Filters of the staff; all may be empty."""

    q = forms.CharField(label=_lazy("Nom, compte ou RPPS"), required=False, max_length=80)
    profession = forms.CharField(label=_lazy("Profession"), required=False, max_length=30)
    site = forms.UUIDField(label=_lazy("Établissement"), required=False)
    unit = forms.UUIDField(label=_lazy("Unité"), required=False)
    state = forms.ChoiceField(label=_lazy("Situation"), required=False, choices=[("", ""), *STATES.items()])
    page = forms.IntegerField(required=False, min_value=1, max_value=10_000)


class ActForm(forms.Form):
    """An act as it is typed: `body()` is its exact text, once valid. `where`: what its boxes of places offer."""

    kind = ""

    def __init__(self, *arguments: Any, where: Where | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        found = where or Where()
        offered = {
            "profession": [("", _("Choisir…")), *professions()],
            "units": list(found.units),
            "unit": [("", _("aucune")), *found.units],
            "site": [("", _("Choisir…")), *found.sites],
        }
        for name, choices in offered.items():
            if isinstance(self.fields.get(name), forms.ChoiceField):
                self.fields[name].choices = choices  # type: ignore[attr-defined]

    def body(self, account: UUID) -> dict[str, str]:
        """The act's text; every value is a string."""
        return {"account": str(account)} | {name: str(value or "") for name, value in self.cleaned_data.items()}

    def say(self, code: str) -> bool:
        """Put the sentence of a refusal of the base beside its field; False when it belongs to no field here."""
        field, sentence = SAID.get(code, ("", ""))
        if code == "bad_unit" and "unit" in self.fields:
            field = "unit"
        if code == "already_granted" and "duty" in self.fields:
            field = "duty"
        if field not in self.fields:
            return False
        self.add_error(field, sentence)
        return True


class Period(ActForm):
    """Dates of something granted."""

    since = DayField(label=_lazy("À partir du"), help_text=_lazy("vide : tout de suite"))
    until = DayField(label=_lazy("Jusqu'au"), help_text=_lazy("vide : sans fin prévue"))


class NewPerson(Period):
    """Somebody who begins to work here."""

    kind = "create_person"
    family = forms.CharField(label=_lazy("Nom"), max_length=100)
    given = forms.CharField(label=_lazy("Prénom"), max_length=80)
    title = forms.ChoiceField(label=_lazy("Titre"), choices=TITLES, required=False)
    username = forms.CharField(
        label=_lazy("Nom de compte"), required=False, max_length=61, help_text=_lazy("vide : prénom.nom")
    )
    profession = forms.ChoiceField(label=_lazy("Profession"))
    rpps = forms.CharField(
        label=_lazy("RPPS"), required=False, max_length=11, help_text=_lazy("11 chiffres, s'il en a un")
    )
    site = forms.ChoiceField(
        label=_lazy("Établissement"), error_messages={"required": _lazy("Choisissez l'établissement.")}
    )
    units = PlacesField(label=_lazy("Unités"), required=False)
    key = forms.ChoiceField(
        label=_lazy("Sa clé"),
        choices=[
            ("now", _lazy("Remise tout de suite : la personne est là")),
            ("later", _lazy("Remise plus tard, à son arrivée")),
        ],
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """Give the account its name when none was typed."""
        found = super().clean() or {}
        if not found.get("username"):
            found["username"] = username_for(found.get("given", ""), found.get("family", ""))
        found["username"] = found["username"].strip().lower()
        found["rpps"] = "".join(str(found.get("rpps") or "").split())
        found["key"] = found.get("key") or "now"
        return found

    def body(self, account: UUID | None = None) -> dict[str, str]:
        """With the id that the account will have."""
        return super().body(account or uuid4()) | {"units": ",".join(self.cleaned_data["units"])}


def username_for(given: str, family: str) -> str:
    """`prénom.nom`, without accents: "Anne-Lise Le Gall" is "annelise.legall"."""

    return f"{_USERNAME.sub('', plain(given))}.{_USERNAME.sub('', plain(family))}".strip(".")[:61]


class Grant(Period):
    """One more profession or unit."""

    kind = "grant"
    profession = forms.ChoiceField(label=_lazy("Profession"))
    unit = forms.ChoiceField(label=_lazy("Unité"), required=False, help_text=_lazy("vide : sans unité"))
    reach = forms.ChoiceField(
        label=_lazy("Établissement (administrateur)"), required=False,
        help_text=_lazy("vide : celui de son compte ; tout le groupe se donne par qui l'a"),
    )  # fmt: skip

    def __init__(self, *arguments: Any, where: Where | None = None, **named: Any) -> None:
        super().__init__(*arguments, where=where, **named)
        sites = where.sites if where else ()
        self.fields["reach"].choices = [  # type: ignore[attr-defined]
            ("", _("celui de son compte")), *sites, (EVERYWHERE, _("tout le groupe")),
        ]  # fmt: skip

    def body(self, account: UUID) -> dict[str, str]:
        """`reach` as the act says it: a site, or everywhere."""
        body = super().body(account)
        reach = body.pop("reach")
        return body | {"site": "" if reach == EVERYWHERE else reach, "everywhere": "yes" if reach == EVERYWHERE else ""}

    def say(self, code: str) -> bool:
        """A site that cannot be is said beside the reach."""
        if code in {"bad_site", "not_your_site"}:
            self.add_error(
                "reach",
                SAID[code][1]
                if code == "not_your_site"
                else _("Un établissement se donne à un administrateur : choisissez cette profession, ou laissez vide."),
            )
            return True
        return super().say(code)


class EndMembership(ActForm):
    """The end of one profession in one unit."""

    kind = "end_membership"
    membership = forms.RegexField(r"\A[0-9]{1,18}\Z", widget=forms.HiddenInput)
    until = DayField(label=_lazy("À partir du"), help_text=_lazy("vide : tout de suite"))


class EndPerson(ActForm):
    """Somebody leaves for good."""

    kind = "end_person"


class Suspend(ActForm):
    """Nobody signs in with this account until two persons say so."""

    kind = "suspend"


class Reinstate(ActForm):
    """Back from a suspension."""

    kind = "reinstate"


class LoseKey(ActForm):
    """Every key and session dies now."""

    kind = "lose_key"


class HandKey(ActForm):
    """A key handed out in person."""

    kind = "hand_key"
    why = forms.ChoiceField(label=_lazy("Pourquoi"), choices=list(WHY.items()))
    spare = forms.CharField(
        label=_lazy("Clé de réserve de l'unité"), required=False, max_length=60,
        help_text=_lazy("son étiquette, par exemple « MEDB 2 » ; elle vaut 24 heures. Vide : sa propre clé neuve"),
    )  # fmt: skip


class Appoint(Period):
    """A responsibility."""

    kind = "appoint"
    duty = forms.ChoiceField(label=_lazy("Responsabilité"), choices=list(DUTIES.items()))
    unit = forms.ChoiceField(label=_lazy("Unité (cadre, chef de service)"), required=False)
    site = forms.ChoiceField(label=_lazy("Établissement (garde)"), required=False)


class Dismiss(ActForm):
    """The end of a responsibility."""

    kind = "dismiss"
    duty = forms.UUIDField(widget=forms.HiddenInput)


class CallOff(ActForm):
    """What was granted for later does not happen."""

    kind = "call_off"


class Mandate(ActForm):
    """A commission's mandate: to whom, which, until when."""

    kind = "commission"
    account = forms.ChoiceField(
        label=_lazy("À qui"), error_messages={"required": _lazy("Choisissez à qui le mandat est donné.")}
    )
    commission = forms.ChoiceField(
        label=_lazy("Commission"), error_messages={"required": _lazy("Choisissez la commission.")}
    )
    until = DayField(
        label=_lazy("Jusqu'au"), required=True, help_text=_lazy("trois mois au plus"),
        error_messages={
            "required": _lazy("Écrivez le dernier jour du mandat."),
            "invalid": _lazy("Écrivez la date comme 03/11/2026."),
        },
    )  # fmt: skip

    def __init__(
        self, *arguments: Any, members: Sequence[Any] = (), commissions: Mapping[str, Any] | None = None, **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        offered = [(str(one.id), f"{one.name}, {PROFESSIONS[one.profession]}") for one in members]
        self.fields["account"].choices = [("", _("Choisir…")), *offered]  # type: ignore[attr-defined]
        self.fields["commission"].choices = list((commissions or {}).items())  # type: ignore[attr-defined]

    def body(self, account: UUID | None = None) -> dict[str, str]:  # noqa: ARG002 — whom it concerns is typed
        """Who, which, until when; its site is said beside."""
        return {name: str(value) for name, value in self.cleaned_data.items()}


# The word of the address → the act.
ACTS: dict[str, type[ActForm]] = {
    "profession": Grant,
    "fin-profession": EndMembership,
    "responsabilite": Appoint,
    "fin-responsabilite": Dismiss,
    "cle": HandKey,
    "cle-perdue": LoseKey,
    "suspendre": Suspend,
    "retablir": Reinstate,
    "depart": EndPerson,
    "annuler": CallOff,
}


class Enrolling(ActForm):
    """This very machine: its site, the name on its label, where it stands. `key` is made by the browser."""

    kind = "enrol_station"
    # Beside which field each refusal of its own is said; None: above them all.
    beside: ClassVar[dict[str, str | None]] = {
        "bad_name": "name", "station_name_taken": "name", "category_closed": "site", "station_known": None,
        "no_machine_key": None,
    }  # fmt: skip
    site = forms.ChoiceField(label=_lazy("Établissement"), error_messages={"required": _lazy("Choisissez un site.")})
    name = forms.CharField(
        label=_lazy("Nom du poste"), max_length=60, help_text=_lazy("comme sur son étiquette : MB-IDE-02"),
        error_messages={"required": _lazy("Donnez un nom au poste.")},
    )  # fmt: skip
    place = forms.CharField(label=_lazy("Emplacement"), max_length=80, required=False)
    key = forms.CharField(max_length=100, required=False, widget=forms.HiddenInput)

    def body(self, account: UUID | None = None) -> dict[str, str]:  # noqa: ARG002 — the keeper draws the machine's id
        """Site, name, place, key."""
        return {name: str(value) for name, value in self.cleaned_data.items()}

    def say(self, code: str) -> bool:
        """Its own refusals in the words of their pages; the others as for any act."""
        if code not in self.beside:
            return super().say(code)
        words = refusal(code)
        self.add_error(self.beside[code], f"{words.sentence} {words.next_step}")
        return True
