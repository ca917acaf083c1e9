"""Ctrl-K: my patients, acts on them ("tension 214"), pages. One opening while it is used; what is typed is posted."""

import unicodedata
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from egide.config.day import places
from egide.config.panels import bed_order
from egide.directory.reads import CLINICAL, units
from egide.gate.mine import opens_mine
from egide.gate.reading import fetch
from egide.gate.rules import CLINICAL_WRITERS
from egide.identity.reads import Identity, identities
from egide.kernel.capabilities import Actor, Roster
from egide.stays.reads import StayPlace, present_in
from egide.ui import page
from egide.ui.text import _, _lazy

SHOWN = 8
TYPED = 80
# What one may type before or after a patient, the route it leads to, and who has it.
ACTS = (
    (("tension", "constantes", "pouls", "temperature"), "vitals", "pulse", _lazy("Constantes"), CLINICAL_WRITERS),
    (("avis",), "advice", "note", _lazy("Demander un avis"), frozenset(CLINICAL)),
    (
        ("examens", "biologie", "imagerie", "radiographie", "scanner", "prelevement"),
        "examinations",
        "flask",
        _lazy("Examens demandés"),
        frozenset(CLINICAL),
    ),
    (("acces", "trace"), "openings", "eye", _lazy("Qui a ouvert ce dossier"), None),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of the palette."""

    label: str
    detail: str
    url: str
    icon: str


@require_POST
@opens_mine(read=("identity", "stay"), purpose="palette")
def palette(request: HttpRequest, roster: Roster) -> HttpResponse:
    """The lines that answer what was typed, at most eight of each sort."""
    words = plain(request.POST.get("q", "")[:TYPED]).split()
    who: dict[object, Identity] = {}
    where: dict[object, StayPlace] = {}
    if roster.ids:
        who, where = fetch(roster, identities(roster), present_in(roster, roster.actor.units))
    people = sorted(
        ((one, where.get(one.id)) for one in who.values()),
        key=lambda pair: (pair[1] is None, bed_order(pair[1].bed if pair[1] else None), pair[0].birth_name),
    )
    acted, rest = _act(words, roster.actor)
    found: list[Answer] = []
    if acted is not None:
        name, icon, label = acted
        found = [
            _answer(one, place, reverse(name, kwargs={"patient": one.id}), icon, label)
            for one, place in people
            if _matches(rest, one, place)
        ][:SHOWN]
    if not found:
        found = [
            _answer(one, place, reverse("chart", kwargs={"patient": one.id}), "user", None)
            for one, place in people
            if _matches(words, one, place)
        ][:SHOWN]
    found += [
        Answer(one.label, "", one.url, one.icon)
        for one in places(roster.actor)
        if all(word in plain(one.label) for word in words)
    ][:SHOWN]
    return page(request, "stays/palette.html", answers=found)


def plain(text: str) -> str:
    """Lower case, without accents, punctuation as spaces."""
    letters = (c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " for c in letters)


def _act(words: list[str], actor: Actor) -> tuple[tuple[str, str, str] | None, list[str]]:
    """The act that one of the words begins (three letters at least), and the other words."""
    for place, word in enumerate(words):
        for names, route, icon, label, who in ACTS:
            if (
                len(word) >= 3
                and any(name.startswith(word) for name in names)
                and (who is None or actor.profession in who)
            ):
                return (route, icon, str(label)), words[:place] + words[place + 1 :]
    return None, words


def _matches(words: list[str], one: Identity, place: StayPlace | None) -> bool:
    names = (one.birth_name, one.first_name, one.used_name or "", one.used_first_name or "", place.bed if place else "")
    parts = plain(" ".join(name or "" for name in names)).split()
    return all(any(part.startswith(word) for part in parts) for word in words)


def _answer(one: Identity, place: StayPlace | None, url: str, icon: str, act: str | None) -> Answer:
    known = units()
    unit = known[place.unit_id].name if place and place.unit_id in known else ""
    bed = _("lit %(bed)s") % {"bed": place.bed} if place and place.bed else ""
    name = f"{one.birth_name} {one.first_name.title()}"
    used = f"{_('nom utilisé')} {one.used_name}" if one.used_name else ""
    detail = ", ".join(part for part in (used, bed, unit) if part)
    return Answer(f"{act} · {name}" if act else name, detail, url, icon)
