"""The shape of a request as typed, and of what became of one."""

from typing import Any

from django import forms

from egide.orders.rules import MOST, OTHER, QUESTION, REASON, RESULT, kept_together, usual
from egide.ui.fields import MomentField
from egide.ui.text import _, _lazy


class _Wish(MomentField):
    """A moment, or nothing: as soon as it can be."""

    def clean(self, value: object) -> Any:
        """None when nothing was typed."""
        return super().clean(value) if str(value or "").strip() else None


class Asking(forms.Form):
    """Examinations of one kind, for one unit."""

    other = forms.CharField(
        label=_lazy("Autre examen"), required=False, max_length=OTHER,
        error_messages={"max_length": _lazy("Un autre examen tient en 200 signes.")},
    )  # fmt: skip
    question = forms.CharField(
        label=_lazy("Question posée, contexte"), required=False, max_length=QUESTION,
        error_messages={"max_length": _lazy("La question tient en 1 000 signes.")},
    )  # fmt: skip
    wished = _Wish(
        label=_lazy("Souhaité le"), required=False, max_length=30,
        help_text=_lazy("JJ/MM/AAAA HH:MM ; rien : dès que possible"),
    )  # fmt: skip
    urgent = forms.BooleanField(label=_lazy("Urgent"), required=False)
    unit = forms.UUIDField(
        label=_lazy("Adressé à"),
        error_messages={
            "required": _lazy("Choisissez qui reçoit la demande."),
            "invalid": _lazy("Choisissez qui reçoit la demande."),
        },
    )

    def __init__(self, kind: str, data: Any = None, **kw: Any) -> None:
        super().__init__(data, **kw)
        self.kind = kind
        self.chosen = data.getlist("codes") if data is not None else []

    def clean(self) -> dict[str, Any]:
        """At least one examination, of this kind; of imaging, why: it is a duty (CSP R1333-52)."""
        cleaned: dict[str, Any] = super().clean() or {}
        known = set(usual(self.kind))
        if any(code not in known for code in self.chosen):
            raise forms.ValidationError(_("Choisissez les examens dans la liste."), code="invalid")
        if len(set(self.chosen)) > MOST:
            raise forms.ValidationError(_("Une demande compte au plus 12 examens : faites-en une autre."), code="many")
        if not self.chosen and not cleaned.get("other") and "other" not in self.errors:
            raise forms.ValidationError(_("Choisissez au moins un examen, ou nommez-le."), code="empty")
        if self.kind == "imaging" and not cleaned.get("question") and "question" not in self.errors:
            self.add_error("question", _("Dites la question posée : un examen d'imagerie se justifie."))
        return cleaned

    @property
    def codes(self) -> list[str]:
        """What was chosen, each once, in the list's order."""
        return kept_together(self.chosen, self.kind).split()


class Telling(forms.Form):
    """A result, or why a request is cancelled."""

    def __init__(self, step: str, data: Any = None, **kw: Any) -> None:
        super().__init__(data, **kw)
        result = step == "reported"
        self.fields["words"] = forms.CharField(
            label=_("Résultat, compte rendu") if result else _("Pourquoi"),
            required=step != "done",
            max_length=RESULT if result else REASON,
            error_messages={
                "required": _("Écrivez le résultat.") if result else _("Dites en quelques mots pourquoi."),
                "max_length": _("Le résultat tient en 8 000 signes.") if result else _("Le motif tient en 300 signes."),
            },
        )
